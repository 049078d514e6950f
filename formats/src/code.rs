//! Open newtypes for coded fields: an unknown value keeps its number.

/// Declares a newtype over an unsigned integer for a coded field.
///
/// The first list makes a constant and a name for each value, the second (`also`) names only.
/// `hex` or `dec` says how an unnamed value is displayed.
macro_rules! open_code {
    (
        $(#[$doc:meta])*
        $name:ident($t:ty, $radix:ident) {
            $($id:ident = $v:literal $text:literal,)*
        }
        $(also { $($from:literal $(..= $to:literal)? $also:literal,)* })?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $t);

        impl $name {
            $(
                #[doc = $text]
                pub const $id: Self = Self($v);
            )*

            /// What the value is called, `None` when it is not assigned.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                Some(match self.0 {
                    $($v => $text,)*
                    $($($from $(..= $to)? => $also,)*)?
                    #[allow(unreachable_patterns)]
                    _ => return None,
                })
            }
        }

        impl From<$t> for $name {
            fn from(v: $t) -> Self {
                Self(v)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => open_code!(@$radix f, self.0, $t),
                }
            }
        }
    };
    (@hex $f:ident, $v:expr, $t:ty) => {
        write!($f, "0x{:0width$x}", $v, width = size_of::<$t>() * 2)
    };
    (@dec $f:ident, $v:expr, $t:ty) => {
        write!($f, "{}", $v)
    };
}

pub(crate) use open_code;

#[cfg(test)]
mod tests {
    open_code! {
        /// A demonstration.
        Demo(u8, hex) {
            ONE = 1 "one",
            TWO = 2 "two",
        }
        also {
            7 ..= 9 "seven to nine",
        }
    }

    #[test]
    fn names_what_is_known_and_keeps_the_number_of_the_rest() {
        assert_eq!(Demo::ONE.to_string(), "one");
        assert_eq!(Demo(8).name(), Some("seven to nine"));
        assert_eq!(Demo(0x0c).name(), None);
        assert_eq!(Demo(0x0c).to_string(), "0x0c");
        assert_eq!(Demo::from(2), Demo::TWO);
    }
}
