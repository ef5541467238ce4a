//! Who is calling: the credentials 115 knows an account by.

mod app;
mod cookie;
pub(crate) mod device_code;
pub(crate) mod open;
mod paste;
mod qr;
mod scan;

pub use self::app::{LoginApp, LoginAppError};
pub use self::cookie::{Cookie, CookieError};
pub use self::qr::{LoggedIn, QrLogin, QrTicket, QrToken, QrTokenError};
pub use self::scan::QrState;
