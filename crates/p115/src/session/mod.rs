//! Who is calling: the credentials 115 knows an account by.

mod app;
mod cookie;
mod paste;
mod qr;

pub use self::app::{LoginApp, LoginAppError};
pub use self::cookie::{Cookie, CookieError};
pub use self::qr::{LoggedIn, QrLogin, QrState, QrTicket, QrToken, QrTokenError};
