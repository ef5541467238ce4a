//! Who is calling: the credentials 115 knows an account by.

mod cookie;
pub(crate) mod device_code;
pub(crate) mod open;
mod paste;

pub use self::cookie::{Cookie, CookieError};
