"""What a server, or what stands before it, answers when something is wrong."""

from __future__ import annotations

LOGIN_PAGE = b"<!DOCTYPE html><html><body><form action=/login>Log in to your account</form></html>"

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}

#: Status, headers and body by the names of faults.
ANSWERS = {
    "401": (401, JSON, b'{"code":16,"message":"Request header error: there is no user identity header.","details":[]}'),
    "expired": (401, TEXT, b"Jwt is expired"),
    "403": (403, TEXT, b"RBAC: access denied"),
    "404": (404, JSON, b'{"code":5,"message":"Not Found","details":[]}'),
    "409": (409, JSON, b'{"code":6,"message":"Already exist error: the name is taken","details":[]}'),
    "429": (429, {**TEXT, "Retry-After": "0"}, b"Too Many Requests"),
    "500": (500, JSON, b'{"code":13,"message":"Internal Server Error: driver: bad connection","details":[]}'),
    "502": (502, {"Content-Type": "text/html"}, b"<html><h1>502 Bad Gateway</h1></html>"),
    "503": (503, TEXT, b"upstream connect error or disconnect/reset before headers"),
    "503-later": (503, {**TEXT, "Retry-After": "0"}, b"come back"),
    "login": (200, {"Content-Type": "text/html; charset=utf-8"}, LOGIN_PAGE),
    "redirect": (302, {"Location": "/dex/auth?state=kale"}, b""),
    "redirect-away": (302, {"Location": "http://dex.example.org/auth?state=kale"}, b""),
    "badjson": (200, JSON, b'{"pipelines": ['),
    "nojson": (200, JSON, b'["a list"]'),
}  # fmt: skip

#: The names of faults that are no answer; see :meth:`cluster.kfp_server.KfpServer.fault`.
OTHERS = ("slow", "drop", "cut", "stall", "stale")
