"""Writes arrays of every type that package npy reads, for its test: python make.py"""
import numpy as np

v = np.arange(6).reshape(2, 3)
arrays = {t: v.astype(t) for t in ["u1", "i1", "<i2", ">i2", "<u2", "<i4", ">u4", "<i8", ">i8", "<f2", ">f4", "<f4", "<f8"]}
arrays["fortran"] = np.asfortranarray(v.astype("<i4"))
arrays["bool"] = v > 2
arrays["negative"] = (-v).astype("<i2")
arrays["halves"] = np.array([0.5, -2, 65504, 6e-8, np.inf], "<f2")
arrays["scalar"] = np.float32(7)
np.savez_compressed("arrays.npz", **arrays)
