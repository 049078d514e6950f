//! What the owner of a socket gets to know.

use super::state::Reason;
use super::table::ConnectionId;

/// Something an application waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A connection opened from this side is established.
    Connected(ConnectionId),
    /// A listener has a connection to accept.
    Acceptable(ConnectionId),
    /// Data, or the end of data, can be read. Not told again before something was read.
    Readable(ConnectionId),
    /// There is room again after a send that took less than it was given.
    Writable(ConnectionId),
    /// Urgent data were announced.
    Urgent(ConnectionId),
    /// The connection is over; data that came before can still be read where it ended well.
    Closed(ConnectionId, Reason),
}
