//! Bodies of HTTP messages: which protocol their media type stands for.

use crate::decode::{Buf, Ctx, Proto, Sink, data, fmt::Out};

use super::headers::Head;

macro_rules! kinds {
    ($( $module:ident $proto:ident $name:literal $title:literal; )*) => { $(
        #[allow(missing_docs)]
        pub mod $module {
            crate::protocol! { $proto, $name, $title; }
        }
    )* };
}

kinds! {
    text DataTextLines "data-text-lines" "Line-based text data";
    gif ImageGif "image-gif" "Compuserve GIF";
    jfif ImageJfif "image-jfif" "JPEG File Interchange Format";
    png Png "png" "Portable Network Graphics";
    xml Xml "xml" "eXtensible Markup Language";
    json Json "json" "JavaScript Object Notation";
    form UrlencodedForm "urlencoded-form" "HTML Form URL Encoded";
    media Media "media" "Media Type";
    multipart MimeMultipart "mime_multipart" "MIME Multipart Media Encapsulation";
}

/// Names the body `b` by its media type.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, h: &Head<'_>) {
    let Some(kind) = h.content_type else {
        data::dissect(c, b);
        return;
    };
    // What a compressed body of this length unpacks to is nothing.
    if h.encoded && b.captured() <= EMPTY_GZIP {
        return;
    }
    let lower = kind.to_ascii_lowercase();
    let is = |list: &[&str]| list.iter().any(|t| t.as_bytes() == lower);
    let (proto, note): (Proto, Option<&[u8]>) = if is(TEXT) {
        (Proto::DataTextLines, Some(kind))
    } else if is(&["image/gif"]) {
        (Proto::ImageGif, Some(if b.bytes().starts_with(b"GIF87a") { b"GIF87a" } else { b"GIF89a" }))
    } else if is(&["image/jpeg", "image/jpg", "image/jfif"]) && b.bytes().starts_with(&[0xFF, 0xD8]) {
        (Proto::ImageJfif, Some(b"JPEG JFIF image"))
    } else if is(&["image/png"]) && b.bytes().starts_with(b"\x89PNG") {
        (Proto::Png, Some(b"PNG"))
    } else if is(XML) || lower.ends_with(b"+xml") {
        (Proto::Xml, None)
    } else if is(&["application/json", "application/json-rpc", "application/jsonrequest"])
        || lower.ends_with(b"+json")
    {
        (Proto::Json, Some(kind))
    } else if is(&["application/x-www-form-urlencoded"]) {
        (Proto::UrlencodedForm, Some(kind))
    } else if lower.starts_with(b"multipart/") {
        (Proto::MimeMultipart, Some(kind))
    } else {
        (Proto::Media, Some(kind))
    };
    if is(&["application/octet-stream"]) {
        data::dissect(c, b);
        return;
    }
    c.layer(proto, b.whole());
    if proto == Proto::Json
        && !h.encoded
        && !matches!(b.bytes().trim_ascii_start().first(), Some(b'{' | b'[' | b'"'))
    {
        // What is not JSON is shown as lines of text.
        c.layer(Proto::DataTextLines, b.whole());
    }
    if let Some(line) = c.summary() {
        if let Some(note) = note {
            line.info.text(" (");
            super::text(&mut line.info, note);
            line.info.text(")");
        } else if proto == Proto::Xml {
            line.name("HTTP/XML");
        }
    }
}

/// Length of a gzip stream of no bytes.
const EMPTY_GZIP: usize = 20;

/// Media types of plain text.
const TEXT: &[&str] = &[
    "text/plain",
    "text/richtext",
    "text/enriched",
    "text/html",
    "text/css",
    "text/javascript",
    "application/x-javascript",
    "application/x-ns-proxy-autoconfig",
    "text/x-csv",
    "application/x-tia-p25-issi",
    "application/x-tia-p25-sndcp",
    "application/x-wms-logconnectstats",
    "application/x-wms-logplaystats",
];

/// Media types of XML that do not say so at their end.
const XML: &[&str] = &[
    "text/xml",
    "application/xml",
    "application/soap+xml",
    "application/xhtml+xml",
    "text/vnd.wap.wml",
    "application/xml-dtd",
];
