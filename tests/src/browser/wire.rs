//! HTTP/1.1 as far as a driver on loopback needs it: a request with a JSON body, an answer of known length.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long one command of the browser may take: the longest script has ten minutes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(660);
/// Bytes of an answer: the largest is a screenshot.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Sends a request and returns `value` of the answer; as an error what the driver says went wrong.
pub(super) fn call(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let said = |error: std::io::Error| format!("{method} {path}: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(said)?;
    stream
        .set_read_timeout(Some(ANSWER_TIMEOUT))
        .map_err(said)?;
    let text = match method {
        "POST" => body.to_string(),
        _ => String::new(),
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).map_err(said)?;
    stream.write_all(text.as_bytes()).map_err(said)?;
    let bytes = read_body(&mut BufReader::new(stream)).map_err(said)?;
    let answer: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("{method} {path}: {error}"))?;
    let value = answer.get("value").cloned().unwrap_or_default();
    match value.get("error").and_then(Value::as_str) {
        Some(error) => {
            let message = value.get("message").and_then(Value::as_str);
            Err(format!("{error}: {}", message.unwrap_or_default()))
        }
        None => Ok(value),
    }
}

fn read_body(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut length = 0_usize;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut bytes = vec![0; length.min(ANSWER_BYTES_MAX)];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
