package deployed

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/cache"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
)

// shapes are the deployments that the app synthesises, with their context. The hub hears from Slack over an HTTP API, the single account at a function URL.
var shapes = []struct{ name, context string }{{"single", "slack=url"}, {"hub", "slack=http-api"}, {"member", "slack=url"}}

// synthesised are the templates by shape and file, as the app makes them that the sources give now. What an app made is kept under the hash of the app,
// as Go keeps what it compiled: the same program is not run twice, since it takes ten seconds of processor for each shape.
var synthesised = sync.OnceValues(func() (map[string]map[string][]byte, error) {
	ctx := context.Background()
	root, err := build.ModuleRoot(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := cache.Dir("synth", digest([]byte(root))[:12])
	if err != nil {
		return nil, err
	}
	lock, err := cache.Acquire(ctx, dir+".lock", nil)
	if err != nil {
		return nil, err
	}
	folders, err := synthesise(root, dir)
	out := map[string]map[string][]byte{}
	for shape, folder := range folders {
		out[shape] = map[string][]byte{}
		files, failed := os.ReadDir(folder)
		err = errors.Join(err, failed)
		for _, f := range files {
			out[shape][f.Name()], failed = os.ReadFile(filepath.Join(folder, f.Name()))
			err = errors.Join(err, failed)
		}
	}
	return out, errors.Join(err, lock.Release())
})

// synthesise returns the folders of the templates by shape.
func synthesise(root, dir string) (map[string]string, error) {
	app := filepath.Join(dir, "app")
	if err := run(root, "go", "build", "-buildvcs=false", "-o", app, "./infra/app"); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(app)
	if err != nil {
		return nil, err
	}
	node, err := exec.Command("node", "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("running node: %w", err)
	}
	of := digest(append(program, node...))
	out := map[string]string{}
	var group errgroup.Group
	for _, shape := range shapes {
		kept := filepath.Join(dir, shape.name+"-"+digest([]byte(of + shape.context))[:16])
		out[shape.name] = kept
		if _, err := os.Stat(kept); err == nil {
			continue
		}
		old, err := filepath.Glob(filepath.Join(dir, shape.name+"-*"))
		if err != nil {
			return nil, err
		}
		group.Go(func() error {
			for _, folder := range old {
				if err := os.RemoveAll(folder); err != nil {
					return err
				}
			}
			fresh := kept + ".fresh" // whole, or not there
			err := run(root, app, "--shape", shape.name, "--context", shape.context, "--templates", fresh)
			return errors.Join(err, os.Rename(fresh, kept))
		})
	}
	return out, group.Wait()
}

func run(root, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	cmd.Env = append(emulator.CleanEnv(os.Environ()), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, said)
	}
	return nil
}

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func template(t testing.TB, shape, name string) []byte {
	t.Helper()
	all, err := synthesised()
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := all[shape][name+".template.json"]
	if !ok {
		t.Fatalf("shape %s has no template %s", shape, name)
	}
	return raw
}
