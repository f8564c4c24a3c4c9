package infra

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the functions for Lambda into folders of dir, each with its one file, bootstrap. The module's root is the working folder. The flags
// leave out what a function never uses; the same source gives the same bytes.
func Build(dir string) error {
	for _, name := range Functions() {
		cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
			"-o", filepath.Join(dir, name, "bootstrap"), "./functions/"+name)
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("building function %s: %w", name, err)
		}
	}
	return nil
}
