package twin

import "math/bits"

// Uniform fills out with random numbers in [0,1): those of a stream, named by its
// seed, at a step. Number i depends on seed, step and i alone (Philox 4x32-10, Salmon
// et al. 2011).
func Uniform[F Float](seed uint64, step F, out []F) {
	var at uint32
	if step >= 0 && float64(step) < 4294967040 {
		at = uint32(step)
	}
	for i := range out {
		c := philox(seed, [4]uint32{uint32(i / 4), uint32(uint64(i/4) >> 32), at, 0})
		out[i] = F(c[i%4]>>8) / (1 << 24)
	}
}

func philox(seed uint64, c [4]uint32) [4]uint32 {
	k0, k1 := uint32(seed), uint32(seed>>32)
	for range 10 {
		ah, al := bits.Mul32(0xD2511F53, c[0])
		bh, bl := bits.Mul32(0xCD9E8D57, c[2])
		c = [4]uint32{bh ^ c[1] ^ k0, bl, ah ^ c[3] ^ k1, al}
		k0, k1 = k0+0x9E3779B9, k1+0xBB67AE85
	}
	return c
}
