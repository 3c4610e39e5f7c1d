//go:build asan

package vm_test

// sanitized: the address sanitizer allocates on its own account.
const sanitized = true
