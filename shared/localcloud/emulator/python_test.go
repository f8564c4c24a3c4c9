package emulator

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLayoutOfAnInterpreter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		probed string
		want   layout
		err    string // part of the error, if one is wanted
	}{
		{"complete", "3 11 1 1 1\n", layoutVenv, ""},
		{"oldest supported", "3 10 1 1 0\n", layoutVenv, ""},
		{"Debian without python3-venv but with pip", "3 12 1 0 1\n", layoutTarget, ""},
		{"no venv module at all", "3 12 0 0 1\n", layoutTarget, ""},
		{"Debian's bare python3", "3 13 1 0 0\n", "", "apt-get install python3 python3-venv"},
		{"too old", "3 9 1 1 1\n", "", "is Python 3.9, the AWS emulator needs 3.10 or later"},
		{"Python 2", "2 7 0 0 1\n", "", "is Python 2.7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parseProbe("/usr/bin/python3", tt.probed)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.layout()
			if got != tt.want {
				t.Errorf("layout = %q, want %q", got, tt.want)
			}
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error = %v, want one with %q", err, tt.err)
			}
		})
	}
}

func TestProbeAnswersNobodyCanRead(t *testing.T) {
	t.Parallel()
	for _, out := range []string{"", "3", "Python 3.11.2", "3 11 yes no yes"} {
		if p, err := parseProbe("python3", out); err == nil {
			t.Errorf("parseProbe(%q) = %+v, want an error", out, p)
		}
	}
}

func TestNoPythonSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := findPython(t.Context())
	if err == nil || !strings.Contains(err.Error(), "apt-get install python3 python3-venv") {
		t.Errorf("findPython without python3: %v, want what to install", err)
	}
}

func TestCleanEnv(t *testing.T) {
	t.Parallel()
	got := CleanEnv([]string{
		"HOME=/home/a", "AWS_PROFILE=prod", "AWS_ACCESS_KEY_ID=AKIA", "AWS_CA_BUNDLE=/x", "aws_session_token=t",
		"HTTPS_PROXY=http://p", "https_proxy=http://p", "no_proxy=*", "ALL_PROXY=socks5://p", "PATH=/bin",
		"MY_AWS_NOTE=kept", "EMPTY=", "=odd",
	})
	want := []string{"HOME=/home/a", "PATH=/bin", "MY_AWS_NOTE=kept", "EMPTY=", "=odd"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CleanEnv (-want +got):\n%s", diff)
	}
}
