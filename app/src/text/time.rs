//! Points in time, and how long ago they were.

pub fn lasting_for(duration: &str) -> String {
    format!("for {duration}")
}

pub fn lasting_since(time: &str) -> String {
    format!("since {time}")
}

pub fn utc(time: &str) -> String {
    format!("{time} UTC")
}
