package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"
)

// volumeDirectory is where k3s keeps the PersistentVolumes of local-path: on the volume that outlives the container.
const volumeDirectory = dataDirectory + "/storage"

// keepVolumes puts the PersistentVolumes of the controller manager there as well. Its host-path provisioner knows one
// place only.
func keepVolumes() error {
	const fixed = "/tmp/hostpath_pv"
	for _, directory := range []string{volumeDirectory, filepath.Dir(fixed)} {
		if err := os.MkdirAll(directory, 0o777); err != nil {
			return fmt.Errorf("no directory for PersistentVolumes: %w", err)
		}
	}
	if err := os.Symlink(volumeDirectory, fixed); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("no link to the directory of PersistentVolumes: %w", err)
	}
	return nil
}

// volumeOpener lets everyone write to each PersistentVolume that is made from now on, as k3s's provisioner does. The
// controller manager's makes them for root alone, and for a volume of this kind Kubernetes ignores a pod's fsGroup: a
// notebook, which does not run as root, could not start. A volume is opened once; what its pod makes of it is the pod's.
type volumeOpener struct {
	directory string
	known     map[string]bool
}

func newVolumeOpener(directory string) *volumeOpener {
	opener := &volumeOpener{directory, map[string]bool{}}
	for _, name := range opener.names() {
		opener.known[name] = true
	}
	return opener
}

func (o *volumeOpener) names() []string {
	var names []string
	entries, _ := os.ReadDir(o.directory) // exists since keepVolumes
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func (o *volumeOpener) open() {
	for _, name := range o.names() {
		if o.known[name] {
			continue
		}
		o.known[name] = true
		if err := os.Chmod(filepath.Join(o.directory, name), 0o777); err != nil {
			log.Printf("a PersistentVolume stays closed to all but root: %v", err)
		}
	}
}

// openForever looks often: a pod is started about a second after its volume was made.
func (o *volumeOpener) openForever() {
	for ; ; time.Sleep(50 * time.Millisecond) {
		o.open()
	}
}
