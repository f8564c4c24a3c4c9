package emulator

import (
	"context"
	"os"
	"slices"
	"strings"
)

// proxyVars are the proxy settings that HTTP clients read, in upper case.
var proxyVars = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

// pythonVars change what the interpreter or pip does in ways that break an
// environment of our own. Where packages come from (index, proxy,
// certificates) stays the machine's business.
var pythonVars = []string{
	"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__",
	"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_CONSTRAINT", "PIP_REQUIREMENT",
	"PIP_NO_BINARY", "PIP_DRY_RUN", "PIP_REPORT",
}

// CleanEnv returns environ without anything that could make a program reach
// the real AWS or leave this machine: every AWS_* variable (credentials,
// profile, Region, endpoints, certificate bundle) and every proxy setting.
func CleanEnv(environ []string) []string {
	return without(environ, func(name string) bool {
		name = strings.ToUpper(name)
		return strings.HasPrefix(name, "AWS_") || slices.Contains(proxyVars, name)
	})
}

// pythonEnv is this process's environment for running Python and pip.
func pythonEnv() []string {
	return without(os.Environ(), func(name string) bool {
		return slices.Contains(pythonVars, name) || strings.HasPrefix(name, "AWS_")
	})
}

func without(environ []string, drop func(name string) bool) []string {
	kept := make([]string, 0, len(environ))
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); !drop(name) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// Env returns variables that make any program using an AWS SDK or the AWS CLI
// work against the emulator as the given account; add it to CleanEnv of an
// environment.
//
// The proxy settings are there for host prefixes: s3control asks for
// ACCOUNT.127.0.0.1, which no resolver knows but the emulator, asked as a
// proxy, answers. (Go dials plain loopback addresses directly all the same.)
// An https address is refused there, so a client without the endpoint setting
// fails instead of leaving the machine.
func (s *Server) Env(ctx context.Context, account, region string) ([]string, error) {
	creds, err := s.credentials(ctx, account)
	if err != nil {
		return nil, err
	}
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL(),
		"AWS_ACCESS_KEY_ID=" + creds.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + creds.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + creds.SessionToken,
		"AWS_REGION=" + region,
		"AWS_DEFAULT_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_MAX_ATTEMPTS=1",
		"HTTP_PROXY=" + s.URL(),
		"HTTPS_PROXY=" + s.URL(),
		"NO_PROXY=", // an exception for 127.0.0.1 would, to Python, cover the prefixed hosts
	}, nil
}
