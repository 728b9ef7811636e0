/*
 * image_size - how large a picture is, read off the beginning of its base64: PNG, JPEG, GIF, WebP.
 * Pure; no memory.
 *
 * Source: PNG (W3C) 11.2.2; ITU-T T.81 B.1 and B.2.2; GIF89a 18; the WebP container specification.
 */
#pragma once
#include "base/str.h"

/*
 * `base64` as it stands between the quotes of a JSON string: escapes are passed over. False when it
 * is no picture, or when what tells its size is not at its beginning.
 */
MUST_CHECK bool image_size_read(struct str base64, int64_t *width, int64_t *height);
