//! Completions as records in one buffer, so that a batch costs one crossing and JavaScript decodes
//! only what is asked for. `lib/completion_record.js` is the reader.
//!
//! A record is 8-aligned: words, numbers, then the url, reason, headers, trailers, body bytes, 1xx heads
//! and texts of what is told; the places are generated for both sides, `crate::generated::record` here.
//! Headers and trailers are `name NUL value NUL ...` (neither can contain a NUL).

use std::any::Any;

use bytes::{BufMut, Bytes, BytesMut};
use keepalive_core::{
    BodyWant, Completion, Error, Fields, Info, Outcome, Response, ResponseHead, Timings, Version,
};

use crate::call_table::CallTable;
use crate::download::{progress_text, saved_text};
use crate::generated::record::{self, NUMBERS, WORDS, flag, kind, word};
use crate::memory::Block;
use crate::tls_info::Sessions;

/// A larger body gets a buffer of its own instead of a part of the slab, which it would pin.
const LARGE: usize = 8 * 1024;

/// What a batch carries beside its packed records.
pub enum Extra {
    /// Of a record of kind `FAILED`.
    Failure(Error),
    /// A body too large for the slab.
    Body(Bytes),
    /// It has been taken.
    Gone,
}

/// A batch under construction.
#[derive(Default)]
pub struct Batch {
    /// The records.
    pub bytes: Vec<u8>,
    /// What does not fit in them; a record names its own by index + 1.
    pub extras: Vec<Extra>,
    /// The TLS of the responses in them.
    pub sessions: Sessions,
}

#[derive(Default)]
struct Record<'a> {
    slot: u32,
    kind: u32,
    flags: u32,
    /// Connections opened, bytes at hand, or the status of an interim response.
    count: u32,
    extra: u32,
    body: &'a [u8],
    trailers: Option<&'a Fields>,
    response: Option<&'a Response>,
    /// How the exchange went.
    told: Option<(Info, Timings)>,
    interim: Option<&'a ResponseHead>,
}

impl Batch {
    /// Adds a completion; keeps a response with more to come in its slot.
    pub fn add(&mut self, completion: Completion, slots: &mut CallTable) {
        let Completion { token, outcome } = completion;
        match outcome {
            Outcome::WantBody(want) => {
                // One that comes late is for nobody, like everything below.
                let Some(slot) = slots.running_at(token) else { return };
                let flags = if want == BodyWant::Restart { flag::RESTART } else { 0 };
                self.write(Record { slot, kind: kind::WANT_BODY, flags, ..Record::default() });
            }
            Outcome::Informational(head) => {
                let Some(slot) = slots.running_at(token) else { return };
                let (status, interim) = (u32::from(head.status), Some(&head));
                let kind = kind::INFORMATIONAL;
                self.write(Record { slot, kind, count: status, interim, ..Record::default() });
            }
            Outcome::Progress(progress) => {
                // Of an answer's body too, which is read by calls of their own.
                let Some(slot) = slots.of_request(token) else { return };
                let text = progress_text(&progress);
                let body = text.as_bytes();
                self.write(Record { slot, kind: kind::PROGRESS, body, ..Record::default() });
            }
            Outcome::Warmed(Ok(count)) => {
                let Some((slot, _)) = slots.ended(token) else { return };
                // The caps of a pool are far below 2^32.
                let count = count as u32;
                self.write(Record { slot, kind: kind::WARMED, count, ..Record::default() });
            }
            Outcome::Response(Ok(response)) => {
                let Some((index, slot)) = slots.ended(token) else { return };
                if let Some(saved) = response.saved() {
                    let text = saved_text(saved);
                    let (slot, kind, body) = (index, kind::SAVED, text.as_bytes());
                    self.write(Record { slot, kind, body, ..Record::default() });
                }
                slot.response = self.head(index, response, slot.switches);
            }
            Outcome::Chunk(response, Ok(piece)) => {
                let Some((index, slot)) = slots.ended(token) else { return };
                slot.response = self.chunk(index, response, piece);
            }
            Outcome::Filled(response, memory, filled, Ok(())) => {
                let Some((index, slot)) = slots.ended(token) else { return };
                let memory: Box<dyn Any> = memory;
                // SAFETY: the engine has written so many bytes of it.
                let bytes = |block: Box<Block>| unsafe { block.into_bytes(filled) };
                let piece = memory.downcast::<Block>().ok().map(bytes);
                let piece = piece.filter(|piece| !piece.is_empty());
                slot.response = self.chunk(index, response, piece);
            }
            Outcome::StreamReady(Ok(count)) => {
                let Some((slot, _)) = slots.ended(token) else { return };
                // At most what was asked for and a TLS record.
                self.write(Record {
                    slot,
                    kind: kind::STREAMED,
                    count: count as u32,
                    ..Record::default()
                });
            }
            Outcome::StreamWritten(Ok(())) => {
                let Some((slot, _)) = slots.ended(token) else { return };
                self.write(Record { slot, kind: kind::STREAMED, ..Record::default() });
            }
            // Nobody here asks for it.
            Outcome::StreamRead(_) | Outcome::Observed => {}
            Outcome::Redirect(question) => {
                // One that comes late is dropped, which refuses.
                let Some(slot) = slots.running_at(token) else { return };
                let response = Response::from(&question);
                self.write(Record {
                    slot,
                    kind: kind::REDIRECT,
                    flags: version_flag(&response),
                    body: question.next_url().as_bytes(),
                    response: Some(&response),
                    ..Record::default()
                });
                slots.at(slot).question = Some(question);
            }
            Outcome::Response(Err(error))
            | Outcome::Chunk(_, Err(error))
            | Outcome::Filled(_, _, _, Err(error))
            | Outcome::StreamReady(Err(error))
            | Outcome::StreamWritten(Err(error))
            | Outcome::Warmed(Err(error)) => {
                let Some((slot, _)) = slots.ended(token) else { return };
                self.failed(slot, error);
            }
        }
    }

    /// `kept`: its stream is to be taken, or the error that says why there is none.
    fn head(&mut self, slot: u32, mut response: Response, kept: bool) -> Option<Response> {
        let body = response.take_complete();
        let direct = if body.is_none() && response.is_direct() { flag::DIRECT } else { 0 };
        let last = if body.is_some() { flag::LAST } else { 0 };
        let (extra, body) = self.place(body.unwrap_or_default());
        self.sessions.note(&response);
        let trailers = response.trailers();
        self.write(Record {
            slot,
            kind: kind::HEAD,
            flags: last | direct | version_flag(&response),
            extra,
            body: &body,
            trailers,
            response: Some(&response),
            told: Some((response.info(), response.timings())),
            ..Record::default()
        });
        (last == 0 || kept).then_some(response)
    }

    fn chunk(
        &mut self,
        slot: u32,
        mut response: Response,
        piece: Option<Bytes>,
    ) -> Option<Response> {
        let ended = piece.is_none();
        let mut piece = piece.unwrap_or_default();
        let rest = response.take_complete();
        let last = ended || rest.is_some();
        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
            piece = joined(piece, &rest);
        }
        let (extra, body) = self.place(piece);
        self.write(Record {
            slot,
            kind: kind::CHUNK,
            flags: if last { flag::LAST } else { 0 },
            extra,
            body: &body,
            trailers: if last { response.trailers() } else { None },
            told: last.then(|| (response.info(), response.timings())),
            ..Record::default()
        });
        (!last).then_some(response)
    }

    /// Also for calls that could not be started.
    fn failed(&mut self, slot: u32, error: Error) {
        let told = error.info().cloned().zip(error.timings().copied());
        let extra = self.extra(Extra::Failure(error));
        self.write(Record { slot, kind: kind::FAILED, extra, told, ..Record::default() });
    }

    fn place(&mut self, body: Bytes) -> (u32, Bytes) {
        if body.len() > LARGE { (self.extra(Extra::Body(body)), Bytes::new()) } else { (0, body) }
    }

    fn extra(&mut self, extra: Extra) -> u32 {
        self.extras.push(extra);
        self.extras.len() as u32
    }

    fn write(&mut self, record: Record<'_>) {
        let out = &mut self.bytes;
        let start = out.len();
        let mut words = [0u32; WORDS];
        words[word::SLOT] = record.slot;
        words[word::KIND] = record.kind;
        words[word::STATUS] = record.count;
        words[word::FLAGS] = record.flags;
        words[word::EXTRA] = record.extra;
        let mut numbers = [0f64; NUMBERS];
        if let Some(response) = record.response {
            words[word::STATUS] = response.status().into();
        }
        if let Some((info, timings)) = &record.told {
            record::put(info, timings, &mut words, &mut numbers);
        }
        out.put_bytes(0, size_of_val(&words));
        for number in numbers {
            out.extend_from_slice(&number.to_ne_bytes());
        }
        let mut mark = out.len();
        let mut length =
            |out: &Vec<u8>| (out.len() - std::mem::replace(&mut mark, out.len())) as u32;
        if let Some(response) = record.response {
            out.extend_from_slice(response.url().as_bytes());
            words[word::URL_LENGTH] = length(out);
            out.extend_from_slice(response.reason());
            words[word::REASON_LENGTH] = length(out);
            write_fields(out, response.headers());
            words[word::FIELDS_LENGTH] = length(out);
        }
        if let Some(head) = record.interim {
            out.extend_from_slice(head.reason());
            words[word::REASON_LENGTH] = length(out);
            write_fields(out, &head.fields);
            words[word::FIELDS_LENGTH] = length(out);
        }
        if let Some(trailers) = record.trailers {
            write_fields(out, trailers);
            words[word::TRAILERS_LENGTH] = length(out);
        }
        out.extend_from_slice(record.body);
        words[word::BODY_LENGTH] = length(out);
        if let Some(response) = record.response {
            write_heads(out, response.informational());
            words[word::INFORMATIONAL_LENGTH] = length(out);
        }
        if let Some((info, _)) = &record.told {
            for (place, text) in record::texts(info) {
                out.extend_from_slice(text.as_bytes());
                words[place] = length(out);
            }
        }
        out.resize(out.len().next_multiple_of(8), 0);
        let history = record.response.map_or(&[][..], |response| response.history());
        if !history.is_empty() {
            words[word::HISTORY] = (out.len() - start) as u32;
        }
        for hop in history {
            let response = Response::from(&**hop);
            let flags = version_flag(&response);
            self.sessions.note(&response);
            let told = Some((response.info(), response.timings()));
            let response = Some(&response);
            self.write(Record { kind: kind::HEAD, flags, response, told, ..Record::default() });
        }
        let out = &mut self.bytes;
        words[word::SIZE] = (out.len() - start) as u32;
        for (place, word) in out[start..].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
    }
}

fn version_flag(response: &Response) -> u32 {
    match response.version() {
        Version::Http10 => flag::HTTP_10,
        Version::Http11 => 0,
    }
}

fn write_fields(out: &mut Vec<u8>, fields: &Fields) {
    for (name, value) in fields.iter() {
        out.extend_from_slice(name);
        out.push(0);
        out.extend_from_slice(value);
        out.push(0);
    }
}

fn write_heads(out: &mut Vec<u8>, heads: &[ResponseHead]) {
    for ResponseHead { status, fields, .. } in heads {
        out.extend_from_slice(format!("{status}\0{}\0", fields.len()).as_bytes());
        write_fields(out, fields);
    }
}

fn joined(piece: Bytes, rest: &[u8]) -> Bytes {
    if piece.is_empty() {
        return Bytes::copy_from_slice(rest);
    }
    let mut whole = BytesMut::with_capacity(piece.len() + rest.len());
    whole.extend_from_slice(&piece);
    whole.extend_from_slice(rest);
    whole.freeze()
}
