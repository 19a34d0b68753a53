//! How a protocol declares what may take how long.

/// Declares a struct of durations: each with its meaning, its name and its default, once.
///
/// It has `Default`, and `each` for a change to all of them.
macro_rules! time_limits {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $($(#[$meaning:meta])* $limit:ident: $default:expr,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$meaning])* pub $limit: ::std::time::Duration,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($limit: $default,)+ }
            }
        }

        impl $name {
            /// With this change to each of them.
            #[must_use]
            pub fn each(
                self,
                change: impl Fn(::std::time::Duration) -> ::std::time::Duration,
            ) -> Self {
                Self { $($limit: change(self.$limit),)+ }
            }
        }
    };
}

pub(crate) use time_limits;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    time_limits! {
        /// For this test.
        pub struct Two {
            /// One.
            one: Duration::from_secs(1),
            /// The other.
            other: Duration::from_secs(2),
        }
    }

    #[test]
    fn each_limit_has_its_default_and_is_changed() {
        let twice = Two::default().each(|limit| limit * 2);
        let expected = Two {
            one: Duration::from_secs(2),
            other: Duration::from_secs(4),
        };
        assert_eq!(twice, expected);
    }
}
