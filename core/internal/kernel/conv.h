// What the passes of a convolution share: windows over images that are filled up with
// zeros where a window leaves them, and the order in which their pixels are taken.
#pragma once
#include "kernel.h"

// Grid point (y, x) of an image sees the box_h x box_w pixels from (y*sy + top, x*sx + left)
// on, be they in the image or not.
typedef struct {
  const float *x;
  long n, h, w, c;
  long sy, sx, top, left, box_h, box_w;
  long gh, gw;
  int padded; // some box leaves its image
  long row;   // values from a pixel to the one below
} lab_windows;

static inline void lab_windows_init(lab_windows *s) {
  s->padded = s->top < 0 || s->left < 0 || (s->gh - 1) * s->sy + s->top + s->box_h > s->h || (s->gw - 1) * s->sx + s->left + s->box_w > s->w;
  s->row = (s->padded ? (s->gw - 1) * s->sx + s->box_w : s->w) * s->c;
}

// The corner of the first box of grid rows y0..y1-1 of images n0..n1-1, which are *image
// values apart: in the images, or in a copy in LAB_PACK_A.
const float *lab_windows_at(const lab_windows *s, long n0, long n1, long y0, long y1, long *image);

// An axis of pixels: how many, and how far apart they are where they come from and where
// they go. The pixels of a block have three: images, rows, columns. The last is the one that
// tiles lie along, the columns, or the images where rows are too short for a tile.
typedef struct { long n, in, out; } lab_axis;

static inline void lab_across_images(lab_axis a[3]) {
  lab_axis images = a[0];
  a[0] = a[1], a[1] = a[2], a[2] = images;
}

// Whether a row's tiles would be too flat to keep the CPU busy.
static inline int lab_short(long n) { return n > 0 && n / ((n + lab_cpu->mr - 1) / lab_cpu->mr) < 4; }

// The images and grid rows of a task, so that its windows stay in the second-level cache and
// there are some eight tasks.
void lab_windows_share(const lab_windows *s, long *images, long *rows);

// A convolution whose window is the whole image, or one pixel: a product of matrices [m,d] [d,k].
int lab_conv_is_product(const lab_conv *v, long *m, long *d);
