package tracker

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Magic numbers of statfs(2) for file systems that other machines can write.
var networkMagic = map[uint32]string{
	0x00006969: "nfs",
	0x0000517b: "smb",
	0xff534d42: "cifs",
	0xfe534d42: "smb2",
	0x01021997: "9p",
	0x5346414f: "afs",
	0x00c36400: "ceph",
	0x0bd00bd0: "lustre",
	0x47504653: "gpfs",
	0x7461636f: "ocfs2",
	0x01161970: "gfs2",
	0x786f4256: "vboxsf",
}

const fuseMagic = 0x65735546

// networkFS names the network file system dir lies on, or returns "".
func networkFS(dir string) string {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return ""
	}
	if uint32(st.Type) == fuseMagic { // local (ntfs) or remote (sshfs): the mount table knows
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			return ""
		}
		return remoteFuse(dir, mounts)
	}
	return networkMagic[uint32(st.Type)]
}

// remoteFuse returns the type of the FUSE mount that holds dir if it is one of
// those that keep their files elsewhere.
func remoteFuse(dir string, mountinfo []byte) string {
	best, kind := "", ""
	for line := range bytes.Lines(mountinfo) {
		before, after, ok := strings.Cut(string(line), " - ")
		fields, types := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(types) < 1 {
			continue
		}
		point := fields[4]
		if rel, err := filepath.Rel(point, dir); err != nil || rel == ".." || strings.HasPrefix(rel, "../") || len(point) < len(best) {
			continue
		}
		best, kind = point, types[0]
	}
	for _, remote := range []string{"sshfs", "s3fs", "rclone", "gcsfuse", "glusterfs", "ceph", "davfs", "juicefs"} {
		if strings.Contains(kind, remote) {
			return kind
		}
	}
	return ""
}
