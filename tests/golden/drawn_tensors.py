"""Tensors drawn from a seed, to the bit as src/model/nn/reference/drawn_tensors.cc draws them."""

import numpy

_MASK = numpy.uint64(0xFFFFFFFF)


def _philox(seed, counter_low, counter_high):
    """Philox4x32-10 (Salmon et al., 2011) for an array of low counters."""
    low = counter_low.astype(numpy.uint64)
    x = [low & _MASK, low >> numpy.uint64(32),
         numpy.full_like(low, counter_high & 0xFFFFFFFF), numpy.full_like(low, counter_high >> 32)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = numpy.uint64(0xD2511F53) * x[0], numpy.uint64(0xCD9E8D57) * x[2]
        x = [(p1 >> numpy.uint64(32)) ^ x[1] ^ numpy.uint64(k0), p1 & _MASK,
             (p0 >> numpy.uint64(32)) ^ x[3] ^ numpy.uint64(k1), p0 & _MASK]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return x


def _fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def draw(seed, name, shape, centre, spread):
    """centre + spread * (2 u - 1), u uniform in [0, 1): float64 arithmetic, rounded to float32."""
    count = int(numpy.prod(shape, dtype=numpy.int64))
    x = _philox(seed, numpy.arange(count, dtype=numpy.uint64), _fnv1a(name))
    bits = (x[1] << numpy.uint64(32)) | x[0]
    uniform = (bits >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    return (centre + spread * (2.0 * uniform - 1.0)).astype(numpy.float32).reshape(shape)
