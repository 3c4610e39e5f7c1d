package picture

import (
	"fmt"
	"image"
	"image/png"
	"io"
)

// WritePNG writes the image as PNG. The same image gives the same bytes: there
// is no time and no name in them.
func WritePNG(w io.Writer, img image.Image) error {
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(w, img); err != nil {
		return fmt.Errorf("picture: write PNG: %w", err)
	}
	return nil
}
