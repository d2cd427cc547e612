//! Where a device can be reached, as tickets and capsules spell it: `addresses (count; 4 or 6, then 4 or 16
//! bytes, port u16 each) ‖ relays (count; text each)`.

use core::net::{IpAddr, SocketAddr};

use crate::codec::{DecodeError, Reader, Writer};
use crate::limits::{ADDRESSES_MAX, RELAY_URL_BYTES_MAX};

/// Writes addresses and relays; those beyond [`ADDRESSES_MAX`] of each are left out.
pub(crate) fn write_place(addresses: &[SocketAddr], relays: &[String], writer: &mut Writer) {
    write_addresses(addresses, writer);
    write_relays(relays, writer);
}

/// Reads what [`write_place`] wrote.
///
/// # Errors
/// [`DecodeError`] where it is cut off, there are too many, or an address is of an unknown kind.
pub(crate) fn read_place(
    reader: &mut Reader<'_>,
) -> Result<(Vec<SocketAddr>, Vec<String>), DecodeError> {
    Ok((read_addresses(reader)?, read_relays(reader)?))
}

fn write_addresses(addresses: &[SocketAddr], writer: &mut Writer) {
    let addresses = addresses
        .get(..addresses.len().min(ADDRESSES_MAX))
        .unwrap_or_default();
    writer.varint(addresses.len() as u64);
    for address in addresses {
        match address.ip() {
            IpAddr::V4(ip) => writer.u8(4).raw(&ip.octets()),
            IpAddr::V6(ip) => writer.u8(6).raw(&ip.octets()),
        };
        writer.u16(address.port());
    }
}

fn read_addresses(reader: &mut Reader<'_>) -> Result<Vec<SocketAddr>, DecodeError> {
    let count = reader.count("addresses", ADDRESSES_MAX)?;
    let mut addresses = Vec::with_capacity(count);
    for _ in 0..count {
        let ip = match reader.u8("address kind")? {
            4 => IpAddr::from(reader.array::<4>("address")?),
            6 => IpAddr::from(reader.array::<16>("address")?),
            other => {
                return Err(DecodeError::Unknown {
                    what: "address kind",
                    value: other.into(),
                });
            }
        };
        addresses.push(SocketAddr::new(ip, reader.u16("port")?));
    }
    Ok(addresses)
}

fn write_relays(relays: &[String], writer: &mut Writer) {
    let relays = relays
        .get(..relays.len().min(ADDRESSES_MAX))
        .unwrap_or_default();
    writer.varint(relays.len() as u64);
    for relay in relays {
        writer.bytes(relay.as_bytes());
    }
}

fn read_relays(reader: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let count = reader.count("relays", ADDRESSES_MAX)?;
    let mut relays = Vec::with_capacity(count);
    for _ in 0..count {
        relays.push(reader.text("relay", RELAY_URL_BYTES_MAX)?.to_owned());
    }
    Ok(relays)
}
