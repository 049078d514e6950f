//! Runs the scripts.

use crate::script::run;

macro_rules! scripts {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let file = concat!(stringify!($name), ".pkt");
            run(file, include_str!(concat!("../scripts/", stringify!($name), ".pkt")));
        }
    )*};
}

scripts! {
    rfc9293_passive_open
    rfc9293_active_open
    rfc9293_simultaneous_open
    rfc9293_half_close
    rfc9293_simultaneous_close
    rfc9293_three_segment_close
    rfc9293_reset_generation
    rfc9293_out_of_order
    rfc9293_zero_window
    rfc9293_nagle
    rfc9293_delayed_ack
    rfc9293_silly_window
    rfc9293_urgent
    rfc9293_keepalive
    rfc9293_data_after_close
    rfc9293_user_timeout
    rfc6298_retransmission
    rfc6298_rto_estimate
    rfc6298_syn_timeout
    rfc5681_slow_start
    rfc6582_newreno
    rfc2018_receiver
    rfc6675_sack_recovery
    rfc7323_window_scale
    rfc7323_timestamps
    rfc7323_paws
    rfc5961_challenge
    rfc5927_icmp
    rfc6691_mss
    rfc6191_time_wait
    rfc4987_syn_cookies
    rfc4987_unscaled
    rfc4987_drop_oldest
    accept_backlog
    pmtu_discovery
    pmtu_black_hole
    rfc7609_smc_option
    rfc8200_ipv6
}
