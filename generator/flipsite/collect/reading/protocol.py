"""Which protocol a server speaks in place of HTTP/1.1, by the first bytes of what it sent."""

import re

from flipsite.domain.display import one_line

_SHOWN_BYTES = 60
_TLS_RECORDS = (b"\x14\x03", b"\x15\x03", b"\x16\x03")
"""Change of cipher, alert and handshake of TLS 1.0 to 1.3 (RFC 8446, section 5.1)."""

_HTTP2_FRAME = re.compile(rb"\0..[\x04\x07].\0\0\0\0", re.DOTALL)
"""SETTINGS or GOAWAY on stream 0 of a short frame: how HTTP/2 begins (RFC 9113, sections 3.4 and 4.1)."""

_NO_TLS = re.compile(
    r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE"
)
_PLACE_IN_C = re.compile(r" \(_ssl\.c:\d+\)")
_BYTES_SHOWN = re.compile(r"bytearray\(b(['\"])(.*?)\1\)")


_UNPARSED = re.compile(r"illegal request line|disconnected without|too long")


def unparsed(words: str) -> bool:
    """Whether an HTTP parser failed before it had taken a line of the answer, by its complaint."""
    return _UNPARSED.search(words) is not None


def is_http(first: bytes) -> bool:
    """Whether bytes are the beginning of an HTTP/1 answer, or may become one."""
    return first[:5] == b"HTTP/"[: len(first)]


def other_protocol(first: bytes) -> str:
    """A sentence about an answer that is not HTTP, and the remedy.

    Args:
        first: The first bytes of the answer.
    """
    if first.startswith(_TLS_RECORDS):
        return "the server speaks TLS; give an --api-base that begins with https://"
    if _HTTP2_FRAME.match(first):
        return "the server speaks HTTP/2 alone; give the --api-base of an HTTP/1.1 server"
    line = first.lstrip()[:_SHOWN_BYTES].partition(b"\n")[0].strip()
    text = line.decode("utf-8", "replace")
    shown = one_line(text) if text.isprintable() and text else first[:16].hex(" ")
    return f"the answer is not HTTP, it begins with {shown!r}; check the host and port of --api-base"


def tls_remedy(words: str) -> str:
    """What to do after a TLS handshake failed; empty where its words say nothing to go by."""
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return "its certificate is not trusted; name the file of its authority in SSL_CERT_FILE"
    if _NO_TLS.search(words):
        return "the server speaks no TLS; give an --api-base that begins with http://"
    return ""


def plain_words(words: str) -> str:
    """A library's complaint without the signs of its programming language."""
    if words == "Receive buffer too long":
        return "a line or the headers of 100 KiB and more"
    return _PLACE_IN_C.sub("", _BYTES_SHOWN.sub(r"\2", words))
