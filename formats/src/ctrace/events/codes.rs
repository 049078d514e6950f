//! Coded values that several layers' events use.

/// Declares a one-byte code whose values have names, usable as an event field.
///
/// ```
/// formats::trace_codes! {
///     /// Colours.
///     Colour { RED = 1 "red", BLUE = 2 "blue" }
/// }
/// assert_eq!(Colour::BLUE.name(), Some("blue"));
/// ```
#[macro_export]
macro_rules! trace_codes {
    ($($(#[$doc:meta])* $name:ident { $($id:ident = $v:literal $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u8);

        impl $name {
            $(
                #[doc = $text]
                pub const $id: Self = Self($v);
            )*

            /// What the value is called, `None` when it is not assigned.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($v => Some($text),)*
                    _ => None,
                }
            }
        }

        impl $crate::ctrace::events::Field for $name {
            const KIND: $crate::ctrace::events::Kind =
                $crate::ctrace::events::Kind::Code(1, |v| u8::try_from(v).ok().and_then(|v| $name(v).name()));

            #[inline(always)]
            fn put(self, to: &mut [u8]) {
                $crate::ctrace::events::Field::put(self.0, to);
            }

            fn get(from: &[u8]) -> Self {
                Self($crate::ctrace::events::Field::get(from))
            }
        }
    )*};
}

trace_codes! {
    /// Which way something went.
    Direction { IN = 0 "in", OUT = 1 "out" }

    /// IP protocol numbers that print by name.
    Protocol {
        ICMP = 1 "ICMP", IGMP = 2 "IGMP", TCP = 6 "TCP", UDP = 17 "UDP", ICMPV6 = 58 "ICMPv6",
        RAW = 255 "RAW",
    }

    /// States of a TCP connection, numbered as the SNMP TCP-MIB does.
    TcpState {
        CLOSED = 1 "Closed", LISTEN = 2 "Listen", SYN_SENT = 3 "SynSent", SYN_RECEIVED = 4 "SynRcvd",
        ESTABLISHED = 5 "Establsh", FIN_WAIT_1 = 6 "FinWait1", FIN_WAIT_2 = 7 "FinWait2",
        CLOSE_WAIT = 8 "ClosWait", LAST_ACK = 9 "LastAck", CLOSING = 10 "Closing", TIME_WAIT = 11 "TimeWait",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::events::Field;

    #[test]
    fn named_and_unnamed_values() {
        let mut s = String::new();
        TcpState::KIND.show(&[5], &mut s).unwrap();
        Protocol::KIND.show(&[99], &mut s).unwrap();
        assert_eq!(s, "Establsh99");
        assert_eq!(Direction::get(&[1]), Direction::OUT);
    }
}
