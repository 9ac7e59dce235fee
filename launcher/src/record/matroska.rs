//! Raw frames with their times, in the form in which ffmpeg takes both from a pipe: a Matroska stream (RFC 9559) of one
//! uncompressed video track.

use std::io::{self, Write};

// Element IDs.
const EBML: u32 = 0x1a45_dfa3;
const DOC_TYPE: u32 = 0x4282;
const DOC_TYPE_VERSION: u32 = 0x4287;
const DOC_TYPE_READ_VERSION: u32 = 0x4285;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
const MUXING_APP: u32 = 0x4d80;
const WRITING_APP: u32 = 0x5741;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_NUMBER: u32 = 0xd7;
const TRACK_UID: u32 = 0x73c5;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const VIDEO: u32 = 0xe0;
const PIXEL_WIDTH: u32 = 0xb0;
const PIXEL_HEIGHT: u32 = 0xba;
const UNCOMPRESSED_FOUR_CC: u32 = 0x2e_b524;
const CLUSTER: u32 = 0x1f43_b675;
const TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;

/// Nanoseconds in a unit of time.
pub const UNIT: u64 = 1_000_000;

fn element(id: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = head(id, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes
}

/// An element's ID and the length of its content.
fn head(id: u32, length: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    // In 8 bytes, of which the highest bit says so.
    bytes.extend((1 << 56 | length).to_be_bytes());
    bytes
}

fn number(id: u32, value: u64) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

fn text(id: u32, value: &str) -> Vec<u8> {
    element(id, value.as_bytes())
}

/// The stream's beginning, for frames of `width` x `height` pixels of 4 bytes: blue, green, red and one that does not count.
pub fn write_head(to: &mut impl Write, width: u32, height: u32) -> io::Result<()> {
    let versions = [number(DOC_TYPE_VERSION, 4), number(DOC_TYPE_READ_VERSION, 2)].concat();
    to.write_all(&element(EBML, &[text(DOC_TYPE, "matroska"), versions].concat()))?;
    // Of unknown length: all ones.
    to.write_all(&[&SEGMENT.to_be_bytes()[..], &[0x01], &[0xff; 7]].concat())?;
    let apps = [text(MUXING_APP, "glxrun"), text(WRITING_APP, "glxrun")].concat();
    to.write_all(&element(INFO, &[number(TIMESTAMP_SCALE, UNIT), apps].concat()))?;
    let size = [number(PIXEL_WIDTH, width.into()), number(PIXEL_HEIGHT, height.into())].concat();
    let video = element(VIDEO, &[size, element(UNCOMPRESSED_FOUR_CC, b"BGR\0")].concat());
    let kind = [number(TRACK_NUMBER, 1), number(TRACK_UID, 1), number(TRACK_TYPE, 1)].concat();
    let entry = element(TRACK_ENTRY, &[kind, text(CODEC_ID, "V_UNCOMPRESSED"), video].concat());
    to.write_all(&element(TRACKS, &entry))
}

/// A frame, at a time in [`UNIT`]s from the beginning.
pub fn write_frame(to: &mut impl Write, time: u64, pixels: &[u8]) -> io::Result<()> {
    // Track 1, no time beyond the cluster's, a key frame.
    let block = [0x81, 0, 0, 0x80];
    let block_head = head(SIMPLE_BLOCK, (block.len() + pixels.len()) as u64);
    let timestamp = number(TIMESTAMP, time);
    let length = timestamp.len() + block_head.len() + block.len() + pixels.len();
    to.write_all(&[head(CLUSTER, length as u64), timestamp, block_head, block.to_vec()].concat())?;
    to.write_all(pixels)
}
