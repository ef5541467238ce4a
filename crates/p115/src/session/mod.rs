//! Who is calling: the credentials 115 knows an account by.

mod cookie;
mod paste;

pub use self::cookie::{Cookie, CookieError};
