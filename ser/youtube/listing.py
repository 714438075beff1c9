"""Listing of an address: one recording, or those of a playlist, a channel or a page."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from ser.errors import SerError
from ser.youtube.addresses import check_address
from ser.youtube.config import Items
from ser.youtube.metadata import page_of

Entry = dict[str, Any]

# Pages that lead to each other end after this many.
_MAX_DEPTH = 8

# The fields of a link that do not describe what it leads to.
_LINK = frozenset({"_type", "url", "ie_key"})


class RetryingCall(Protocol):
    """Calls yt-dlp, again where the network fails; raises `SerError` where it fails for good."""

    def __call__(self, function: Callable[[], Any], *, again: bool = True) -> Any:
        """Calls; with `again`, several times where the network or the server fails."""


def list_entries(client: Any, url: str, items: Items, call: RetryingCall) -> Iterator[Entry]:
    """Lists what is wanted of an address, without asking for each recording.

    Args:
        client: A `yt_dlp.YoutubeDL`.
        url: The address of a recording, a playlist, a channel or a page with recordings.
        items: Which of them are wanted, counted over all lists inside lists.
        call: Calls yt-dlp; see `RetryingCall`.

    Yields:
        yt-dlp's fields of a recording, or a link to one; see `resolve`. The list of a long
        channel is read on only as far as it is wanted.

    Raises:
        SerError: The address is not on the web, leads to nothing, or has none of the items.
    """
    check_address(url)
    result = call(lambda: client.extract_info(url, download=False, process=False))
    number = given = 0
    for entry in resolve(client, result, call):
        number += 1
        if items.ends_before(number):
            break
        if items.wants(number):
            given += 1
            yield entry
    if result is not None and not number:
        raise SerError(url, "lists no recordings", "check the address, or give --cookies")
    if number and not given:
        raise SerError(url, f"has no item {items}", f"it lists {number}")


def resolve(
    client: Any, result: Entry | None, call: RetryingCall, depth: int = 0
) -> Iterator[Entry]:
    """Follows links and opens lists.

    Args:
        client: A `yt_dlp.YoutubeDL`.
        result: What an extractor gave; None where the archive has it.
        call: Calls yt-dlp; see `RetryingCall`.
        depth: How many links and lists lead here.

    Yields:
        Recordings (``_type`` video), and from lists links as well (``_type`` url), which are
        resolved when their turn comes.
    """
    if result is None:
        return
    if depth > _MAX_DEPTH:
        raise SerError(page_of(result), "leads from page to page", "give the recording's own page")
    kind = result.get("_type") or "video"
    if kind == "video":
        yield result
    elif kind in ("url", "url_transparent"):
        yield from resolve(client, _follow(client, result, call), call, depth + 1)
    else:
        for entry in _entries(result, call):
            if not is_link(entry):
                yield from resolve(client, {**_inherited(result), **entry}, call, depth + 1)
            elif _is_list(client, entry):
                yield from resolve(client, entry, call, depth + 1)
            else:
                yield entry


def _follow(client: Any, link: Entry, call: RetryingCall) -> Entry | None:
    found: Entry | None = call(
        lambda: client.extract_info(
            link["url"], download=False, ie_key=link.get("ie_key"), process=False
        )
    )
    if found is None or link.get("_type") == "url":
        return found
    # A transparent link knows better than the page behind it, but for what says which that is.
    kept = _LINK if link.get("section_start") is not None else _LINK | {"id", "extractor"}
    known = {key: value for key, value in link.items() if value is not None and key not in kept}
    if kept is not _LINK:
        known.pop("extractor_key", None)
    merged = {**found, **known}
    if merged.get("_type") == "url":
        merged["_type"] = "url_transparent"
    return merged


def _entries(result: Entry, call: RetryingCall) -> Iterator[Entry]:
    """Reads a list, of which yt-dlp may fetch a page at a time."""
    entries = result.get("entries")
    if entries is None:
        return
    end = object()
    iterator = iter(()) if hasattr(entries, "getslice") else iter(entries)

    def read(place: int) -> Any:
        try:
            return entries[place]
        except IndexError:
            return end

    for place in itertools.count():
        if hasattr(entries, "getslice"):
            # yt-dlp's paged lists ask for a page when its first entry is wanted.
            entry = call(functools.partial(read, place))
        else:
            # A generator that has failed once would seem to be at its end.
            entry = call(lambda: next(iterator, end), again=False)
        if entry is end:
            return
        if entry:
            yield entry


def _inherited(result: Mapping[str, Any]) -> Entry:
    """Gives the fields that an entry inherits from its list."""
    keys = ("extractor", "extractor_key", "webpage_url")
    return {key: result[key] for key in keys if result.get(key)}


def is_link(entry: Mapping[str, Any]) -> bool:
    """Says whether an entry only leads to a recording, or a list."""
    return entry.get("_type") in ("url", "url_transparent")


def _is_list(client: Any, link: Mapping[str, Any]) -> bool:
    """Says whether a link is known to lead to another list, as a channel's tabs are."""
    key = link.get("ie_key")
    if not key:
        return False
    extractor = client.get_info_extractor(key)
    return extractor.is_single_video(link["url"]) is False
