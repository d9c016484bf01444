//! Echoes, each with one mistake.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Writes the buffer instead of what was read into it.
pub fn whole_buffer(mut socket: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    while socket.read(&mut buffer)? > 0 {
        socket.write_all(&buffer)?;
    }
    Ok(())
}

/// Waits for the end of a line.
pub fn by_line(mut socket: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        socket.write_all(&line)?;
        line.clear();
    }
    Ok(())
}

/// Takes bytes for text.
pub fn as_text(mut socket: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        socket.write_all(text.as_bytes())?;
    }
}

/// Takes a write for one that has written all.
pub fn first_write_only(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = socket.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let written = length.div_ceil(2).max(length.min(4096));
        let _ = socket.write(&buffer[..written])?;
    }
}

/// Never closes.
pub fn stays_open(mut socket: TcpStream) -> io::Result<()> {
    let mut writer = socket.try_clone()?;
    io::copy(&mut socket, &mut writer)?;
    loop {
        std::thread::park();
    }
}
