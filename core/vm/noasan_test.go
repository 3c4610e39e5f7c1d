//go:build !asan

package vm_test

const sanitized = false
