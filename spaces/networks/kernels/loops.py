"""The loops, as plain Python that Numba compiles.

They take images as rows of numbers: a channels-last tensor (B, C, H, W) is (B, N) with N = H W C,
channels running fastest. Channels repeat every C numbers, so rows are worked on in stretches of a
few C, with the constants of channels laid out as often: then narrow tensors fill vector registers
too. Sums are kept for each place of a stretch in single precision and added up for each image in
double precision, in a fixed order: what an image comes to depends on that image alone.

Shape legend: B images, C channels, H rows, W columns, h x w after the stride; N = H W C numbers.
"""

# Numba compiles these for the types that ``compiling`` names.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

#: Numbers in a stretch, unless a pixel has more: a few vector registers for each loop.
STRETCH = 256
#: Rows and columns of the one depthwise kernel whose weight gradient is computed here.
KERNEL = 5


def moments(z, mean_BC, spread_BC):
    """Of ``z`` (B, N) the mean, and the sum of squared distances from it, by image and channel.

    Distances are first taken from the channel's first pixel: no digits are lost where the mean is
    large.
    """
    images, numbers = z.shape
    channels = mean_BC.shape[1]
    length = channels * max(1, STRETCH // channels)
    origin = np.empty(length, np.float32)
    first = np.empty(length, np.float32)
    second = np.empty(length, np.float32)
    for b in range(images):
        for i in range(length):
            origin[i] = z[b, i % channels]
            first[i] = 0.0
            second[i] = 0.0
        for start in range(0, numbers, length):
            part = z[b, start : start + length]
            for i in range(part.size):
                distance = part[i] - origin[i]
                first[i] += distance
                second[i] += distance * distance
        for c in range(channels):
            total = 0.0
            squares = 0.0
            for i in range(c, length, channels):
                total += first[i]
                squares += second[i]
            mean = total * channels / numbers
            mean_BC[b, c] = origin[c] + mean
            # Rounding may leave a spread of nothing below zero; NaN stays NaN.
            spread = squares - total * mean
            spread_BC[b, c] = 0.0 if spread < 0.0 else spread


def joint_moments(mean_BC, spread_BC, pixels, mean_C, variance_C):
    """Mean and variance by channel over all images, which have ``pixels`` each."""
    images, channels = mean_BC.shape
    for c in range(channels):
        mean = 0.0
        for b in range(images):
            mean += mean_BC[b, c]
        mean /= images
        spread = 0.0
        for b in range(images):
            spread += spread_BC[b, c] + pixels * (mean_BC[b, c] - mean) ** 2
        mean_C[c] = mean
        variance_C[c] = spread / (images * pixels)


def normalise(z, mean_C, factor_C, shift_C, low, high, y):
    """``y = clip(factor (z - mean) + shift, low, high)``, of ``z`` (B, N); NaN stays NaN."""
    images, numbers = z.shape
    channels = factor_C.size
    length = channels * max(1, STRETCH // channels)
    mean = np.empty(length, np.float32)
    factor = np.empty(length, np.float32)
    shift = np.empty(length, np.float32)
    for i in range(length):
        mean[i] = mean_C[i % channels]
        factor[i] = factor_C[i % channels]
        shift[i] = shift_C[i % channels]
    for b in range(images):
        for start in range(0, numbers, length):
            part = z[b, start : start + length]
            into = y[b, start : start + length]
            for i in range(part.size):
                value = (part[i] - mean[i]) * factor[i] + shift[i]
                value = low if value < low else value
                into[i] = high if value > high else value


def gradient_sums(gradient, z, mean_C, factor_C, shift_C, low, high, level_BC, along_BC):
    """``sum(g)`` and ``sum(g (z - mean))`` by image and channel, of ``gradient`` and ``z`` (B, N).

    g is the gradient where ``factor (z - mean) + shift`` lies within the bounds, else 0.
    """
    images, numbers = z.shape
    channels = mean_C.size
    length = channels * max(1, STRETCH // channels)
    mean = np.empty(length, np.float32)
    factor = np.empty(length, np.float32)
    shift = np.empty(length, np.float32)
    level = np.empty(length, np.float32)
    along = np.empty(length, np.float32)
    for i in range(length):
        mean[i] = mean_C[i % channels]
        factor[i] = factor_C[i % channels]
        shift[i] = shift_C[i % channels]
    for b in range(images):
        for i in range(length):
            level[i] = 0.0
            along[i] = 0.0
        for start in range(0, numbers, length):
            part = z[b, start : start + length]
            given = gradient[b, start : start + length]
            for i in range(part.size):
                distance = part[i] - mean[i]
                value = distance * factor[i] + shift[i]
                g = np.float32(0.0) if (value <= low) | (value >= high) else given[i]
                level[i] += g
                along[i] += g * distance
        for c in range(channels):
            level_BC[b, c] = 0.0
            along_BC[b, c] = 0.0
            for i in range(c, length, channels):
                level_BC[b, c] += level[i]
                along_BC[b, c] += along[i]


def input_gradient(gradient, z, mean_C, factor_C, shift_C, low, high, level_C, along_C, into):
    """``factor g - level - along (z - mean)``, of ``gradient`` and ``z`` (B, N); g as above."""
    images, numbers = z.shape
    channels = mean_C.size
    length = channels * max(1, STRETCH // channels)
    mean = np.empty(length, np.float32)
    factor = np.empty(length, np.float32)
    shift = np.empty(length, np.float32)
    level = np.empty(length, np.float32)
    along = np.empty(length, np.float32)
    for i in range(length):
        mean[i] = mean_C[i % channels]
        factor[i] = factor_C[i % channels]
        shift[i] = shift_C[i % channels]
        level[i] = level_C[i % channels]
        along[i] = along_C[i % channels]
    for b in range(images):
        for start in range(0, numbers, length):
            part = z[b, start : start + length]
            given = gradient[b, start : start + length]
            out = into[b, start : start + length]
            for i in range(part.size):
                distance = part[i] - mean[i]
                value = distance * factor[i] + shift[i]
                g = np.float32(0.0) if (value <= low) | (value >= high) else given[i]
                out[i] = factor[i] * g - level[i] - along[i] * distance


def covariances(x, mean_C, spread_CC):
    """Of ``x`` (B, N) the mean by channel, and the sums of products of distances from it.

    Distances are first taken from the first pixel. Channels c and c + d of every pixel are d
    numbers apart: each d is one pass over a stretch; products across two pixels are not used.
    """
    images, numbers = x.shape
    channels = mean_C.size
    length = channels * max(1, STRETCH // channels)
    origin = np.empty(length, np.float32)
    centred = np.empty(length, np.float32)
    first = np.empty(length, np.float32)
    second = np.empty((channels, length), np.float32)
    mean_C[:] = 0.0
    spread_CC[:] = 0.0
    for i in range(length):
        origin[i] = x[0, i % channels]
    for b in range(images):
        first[:] = 0.0
        second[:] = 0.0
        for start in range(0, numbers, length):
            part = x[b, start : start + length]
            for i in range(part.size):
                centred[i] = part[i] - origin[i]
                first[i] += centred[i]
            for d in range(channels):
                apart = centred[d:]
                into = second[d]
                for i in range(part.size - d):
                    into[i] += centred[i] * apart[i]
        for c in range(channels):
            for i in range(c, length, channels):
                mean_C[c] += first[i]
                for d in range(channels - c):
                    spread_CC[c, c + d] += second[d, i]
    pixels = images * (numbers // channels)
    for c in range(channels):
        for d in range(c, channels):
            spread_CC[c, d] -= mean_C[c] * mean_C[d] / pixels
            spread_CC[d, c] = spread_CC[c, d]
    for c in range(channels):
        mean_C[c] = mean_C[c] / pixels + origin[c]


def let_through(gradient, y, shift_C, low, high, into, level_BC, along_BC):
    """g: ``gradient`` where ``y`` lies within the bounds, else 0; into ``into`` (B, N).

    Also ``sum(g)`` and ``sum(g (y - shift))`` by image and channel.
    """
    images, numbers = y.shape
    channels = shift_C.size
    length = channels * max(1, STRETCH // channels)
    shift = np.empty(length, np.float32)
    level = np.empty(length, np.float32)
    along = np.empty(length, np.float32)
    for i in range(length):
        shift[i] = shift_C[i % channels]
    for b in range(images):
        for i in range(length):
            level[i] = 0.0
            along[i] = 0.0
        for start in range(0, numbers, length):
            part = y[b, start : start + length]
            given = gradient[b, start : start + length]
            out = into[b, start : start + length]
            for i in range(part.size):
                g = np.float32(0.0) if (part[i] <= low) | (part[i] >= high) else given[i]
                out[i] = g
                level[i] += g
                along[i] += g * (part[i] - shift[i])
        for c in range(channels):
            level_BC[b, c] = 0.0
            along_BC[b, c] = 0.0
            for i in range(c, length, channels):
                level_BC[b, c] += level[i]
                along_BC[b, c] += along[i]


def products(gradient, z, level_BC, along_BC, mean_BC):
    """``sum(g)`` and ``sum(g (z - mean))`` by image and channel; means are those of each image."""
    images, numbers = z.shape
    channels = mean_BC.shape[1]
    length = channels * max(1, STRETCH // channels)
    mean = np.empty(length, np.float32)
    level = np.empty(length, np.float32)
    along = np.empty(length, np.float32)
    for b in range(images):
        for i in range(length):
            mean[i] = mean_BC[b, i % channels]
            level[i] = 0.0
            along[i] = 0.0
        for start in range(0, numbers, length):
            part = z[b, start : start + length]
            given = gradient[b, start : start + length]
            for i in range(part.size):
                level[i] += given[i]
                along[i] += given[i] * (part[i] - mean[i])
        for c in range(channels):
            level_BC[b, c] = 0.0
            along_BC[b, c] = 0.0
            for i in range(c, length, channels):
                level_BC[b, c] += level[i]
                along_BC[b, c] += along[i]


def depthwise_weight_gradient(gradient, x, down, right, padded, weight_KC):
    """``sum(gradient[i, j] x[i down + y - 2, j right + x - 2])`` of a 5x5 depthwise convolution.

    ``gradient`` is (B, h, w, C), ``x`` (B, H, W, C), ``weight_KC`` (25, C) in double precision.
    Each image is copied into ``padded`` (H, P, C), whose columns are ``right`` phases of
    (W + 5) // right pixels or more: columns that a stride takes apart lie side by side there, and
    none is out of bounds. The five columns of a kernel row share one pass over a row of gradients.
    """
    images, height, width, channels = x.shape
    rows, columns = gradient.shape[1], gradient.shape[2]
    reach = KERNEL // 2
    phase = padded.shape[1] // right
    # Narrow pixels are taken several at a time, wide ones in parts.
    pixels = max(1, STRETCH // channels)
    wide = min(channels, STRETCH)
    # Unsigned, or Numba asks of each index whether it is negative.
    stretch = np.uint64(STRETCH)
    column = np.empty(KERNEL, np.uint64)
    for x_offset in range(KERNEL):
        column[x_offset] = (x_offset % right * phase + x_offset // right) * channels
    sums = np.empty(KERNEL * KERNEL * STRETCH, np.float32)
    weight_KC[:] = 0.0
    padded[:] = 0.0
    flat = padded.reshape(padded.size)
    line = padded.shape[1] * channels
    for b in range(images):
        image = x[b].reshape(height * width * channels)
        given = gradient[b].reshape(rows * columns * channels)
        for row in range(height):
            for to in range(reach, reach + width):
                start = row * line + (to % right * phase + to // right) * channels
                source = (row * width + to - reach) * channels
                for c in range(np.uint64(channels)):
                    flat[np.uint64(start) + c] = image[np.uint64(source) + c]
        for low in range(0, channels, STRETCH):
            most = channels * pixels if channels <= STRETCH else min(STRETCH, channels - low)
            sums[:] = 0.0
            for y_offset in range(KERNEL):
                s0 = np.uint64(y_offset * KERNEL * STRETCH)
                s1, s2, s3 = s0 + stretch, s0 + stretch + stretch, s0 + stretch + stretch + stretch
                s4 = s3 + stretch
                for i in range(rows):
                    row = i * down + y_offset - reach
                    if row < 0 or row >= height:
                        continue
                    for begin in range(low, columns * channels, channels * pixels):
                        g = np.uint64(i * columns * channels + begin)
                        below = np.uint64(row * line + begin)
                        x0, x1, x2 = below + column[0], below + column[1], below + column[2]
                        x3, x4 = below + column[3], below + column[4]
                        for q in range(np.uint64(min(most, columns * channels - begin))):
                            value = given[g + q]
                            sums[s0 + q] += value * flat[x0 + q]
                            sums[s1 + q] += value * flat[x1 + q]
                            sums[s2 + q] += value * flat[x2 + q]
                            sums[s3 + q] += value * flat[x3 + q]
                            sums[s4 + q] += value * flat[x4 + q]
            for k in range(KERNEL * KERNEL):
                for begin in range(k * STRETCH, k * STRETCH + most, wide):
                    for c in range(min(wide, most)):
                        weight_KC[k, low + c] += sums[begin + c]
