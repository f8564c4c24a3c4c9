// Package emulator installs, starts and talks to an AWS emulator (moto in
// server mode) on this machine: the cloud of the demo and of the tests.
//
// Nothing is needed but Python 3.10 or later: the emulator goes, pinned with
// everything it depends on, into the cache folder. It listens on the loopback
// only, and dies with the process that started it.
//
// Known differences from AWS that callers must not be surprised by: calls are
// not authorised, S3 does not enforce Block Public Access, an operation it
// lacks answers 500.
package emulator

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The launcher is one program in parts: what makes the emulator cheaper, without which our tests would mostly wait for it, comes first.
var (
	//go:embed faster.py
	faster string
	//go:embed tables.py
	tables string
	//go:embed queues.py
	queues string
	//go:embed connection.py
	connection string
	//go:embed launch.py
	launch string
)

// startTimeout bounds a start of an installed emulator, which takes about a
// second on an idle machine.
const startTimeout = 60 * time.Second

// Options of Start. The zero value is what tests want.
type Options struct {
	Progress func(string) // told what is happening, if not nil
	LogDir   string       // folder of the log file, default os.TempDir()
	Detached bool         // outlives this process; only Stop or a kill of PID ends it
}

// Server is a running emulator.
type Server struct {
	cmd    *exec.Cmd
	stdin  io.Closer // open as long as the emulator shall live; nil if detached
	exited chan struct{}
	log    string
	port   int
	client *http.Client

	mu    sync.Mutex
	creds map[string]aws.Credentials // by account
}

// Start installs the emulator if need be and starts it on a free loopback
// port. It returns when the emulator answers. Errors name the log file.
func Start(ctx context.Context, opts Options) (*Server, error) {
	in, err := install(ctx, opts.Progress)
	if err != nil {
		return nil, fmt.Errorf("installing the AWS emulator: %w", err)
	}
	log, err := os.CreateTemp(opts.LogDir, "shoreup-emulator-*.log")
	if err != nil {
		return nil, fmt.Errorf("creating the AWS emulator's log: %w", err)
	}
	defer log.Close()
	s := &Server{log: log.Name(), exited: make(chan struct{}), creds: map[string]aws.Credentials{}}
	s.client = s.newHTTPClient()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.launch(ctx, in, log, opts.Detached); err != nil {
		return nil, fmt.Errorf("starting the AWS emulator (log %s): %w\n%s", s.log, err, tail(s.log))
	}
	return s, nil
}

// Attach returns the emulator that another process runs at a loopback port, with the log that it has there. It is that process's to stop.
func Attach(port int, log string) *Server {
	s := &Server{log: log, port: port, creds: map[string]aws.Credentials{}}
	s.client = s.newHTTPClient()
	return s
}

// launch runs the launcher and waits for its port and its first answer. What
// fails is stopped.
func (s *Server) launch(ctx context.Context, in installation, log *os.File, detached bool) error {
	mode := "attached"
	if detached {
		mode = "detached"
	}
	// Not CommandContext: the emulator outlives the context of its start.
	s.cmd = exec.Command(in.python, "-c", faster+tables+queues+connection+launch, mode)
	s.cmd.Env = append(CleanEnv(in.env), "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "MOTO_DISABLE_GLOBAL_CORS=true", "PYTHONUNBUFFERED=1")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !detached, Setsid: detached}
	s.cmd.Stderr = log
	if !detached {
		stdin, err := s.cmd.StdinPipe()
		if err != nil {
			return err
		}
		s.stdin = stdin
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	s.cmd.Stdout = writer
	err = s.cmd.Start()
	_ = writer.Close()
	if err != nil {
		return err
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	if err := s.waitReady(ctx, reader); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// waitReady reads the port the launcher prints and asks for one answer.
func (s *Server) waitReady(ctx context.Context, stdout *os.File) error {
	stop := context.AfterFunc(ctx, func() { _ = stdout.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if ctx.Err() != nil {
		return fmt.Errorf("waiting for its port: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("it ended before it listened: %w", err)
	}
	if s.port, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		return fmt.Errorf("reading its port from %q: %w", line, err)
	}
	_, err = s.do(ctx, http.MethodGet, "/moto-api/config", nil, nil)
	return err
}

// URL is the emulator's address, without a path: http://127.0.0.1:PORT.
func (s *Server) URL() string { return "http://" + s.address() }

func (s *Server) address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// LogPath is the file that holds what the emulator complained about.
func (s *Server) LogPath() string { return s.log }

// Port is the loopback port that it listens at.
func (s *Server) Port() int { return s.port }

// PID is the emulator's process (and process group) id, which only who started it knows.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Reset makes the emulator forget everything in every account. Credentials
// given out before are renewed by the Configs themselves; Env must be asked
// again.
func (s *Server) Reset(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.do(ctx, http.MethodPost, "/moto-api/reset", nil, nil); err != nil {
		return fmt.Errorf("resetting the AWS emulator: %w", err)
	}
	clear(s.creds)
	return nil
}

// Stop ends the emulator and waits until it is gone. Its log is removed if it
// is empty. Stopping twice is fine, and stopping what is only attached does
// nothing.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return nil
	}
	if s.stdin != nil {
		_ = s.stdin.Close()
	}
	err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EPERM) {
		err = nil // gone already; macOS says EPERM of a group of zombies
	}
	if err != nil {
		return fmt.Errorf("stopping the AWS emulator, process %d: %w", s.cmd.Process.Pid, err)
	}
	<-s.exited
	if info, err := os.Stat(s.log); err == nil && info.Size() == 0 {
		_ = os.Remove(s.log)
	}
	return nil
}
