"""Words that a dictionary has and a screenshot should not, kept as digests."""

from __future__ import annotations

import hashlib

_HEX = 8  # digits of one digest
_DIGESTS = (
    "0028a7ab05a68caa06df17c209e1dfc60a68d9cc104d70a31293111b132914ce142de53d14c603f91f6fc84a"
    "2109fecb222379e224c93de52563afa625c12c19279b03842b8137592dfceb9b2f3253da3812f5e6388ee641"
    "3894a0eb3957dc7f3ae0ff5243de865c4411bb87464339a74939636d495e60fa4e3226e54e6aa5cd50d1395e"
    "5759616258bec8d55b2498225deb5e3a62aac3a36516233166d35fd768fc4b406921ecf8698164586d6fe3b3"
    "6dfec1607155d1657640140a7760751877959d4a77a9d2a6785df7c079d18a39830ca95f8549121387e8cd44"
    "88be660d890d51e89360406594aaff2b961bad7696264586984365cd98b53b6799769d929ad4c48d9c142f2f"
    "9d1bb3c3a05586bca4d92695ac1aeb76ae955ae2b31aee28b3689c5cb36b6dffb50cf476b9158819ba0bbd96"
    "ba77b322bc98bb17bcbd0b0ac10806b1c690be54c72f7ba0c738174cc7843b3fcaea805acf01b9accf419a5f"
    "cf62ae5bcf97097ad268e2e8d4d71a19d8beaeeedabd4083db57ae19dc215589def31f94e287a67ee79479ec"
    "eb415b98ebb11112ec412b12f03005e7f1e79615f3cde82bf3d591bbf565e36cf5b39ee3f6e7f470f7aafd0c"
    "f91265d1f9166e00fb9baa67fba33e1bfcda0955fcf485a2fe075f8afe529855"
)
_UNFIT = frozenset(_DIGESTS[i : i + _HEX] for i in range(0, len(_DIGESTS), _HEX))


def is_unfit(word: str) -> bool:
    """Whether the lower-case ``word`` is an obscenity or a slur."""
    return hashlib.blake2b(word.encode("utf-8"), digest_size=4).hexdigest() in _UNFIT
