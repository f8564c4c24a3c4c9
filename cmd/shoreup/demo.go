package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/shoreup/shoreup/cmd/shoreup/demo"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
)

func demoCommand() *cobra.Command {
	var o options
	var d demo.Options
	cmd := &cobra.Command{
		Use: "demo", Short: "Show the main job on this machine, against an AWS emulator that it installs and starts itself", Args: cobra.NoArgs,
		Long: `Builds a small broken company at an AWS emulator, delivers real-shaped events to the real function binaries, and shows what comes of it: the report,
the fixes, what waits for a person, the Slack messages, the audit trail and its verification, and one undo. Nothing reaches AWS.
The first run installs the emulator and compiles the functions, which takes minutes and 4 GB of memory.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := o.json()
			if err != nil {
				return err
			}
			if err := forgetAWS(); err != nil {
				return err
			}
			d.JSON, d.Print, d.Text, d.Say = asJSON, cmd.OutOrStdout(), style(cmd.OutOrStdout()), say
			return demo.Run(cmd.Context(), d)
		},
	}
	o.formatFlag(cmd)
	cmd.Flags().BoolVar(&d.Keep, "keep", false, "leave the emulator running and print the environment to use it with")
	cmd.Flags().StringVar(&d.Out, "out", "", "folder to write everything into that was shown")
	return cmd
}

// forgetAWS drops every AWS setting of this machine, so that nothing of the demo can ever reach a real account.
func forgetAWS() error {
	clean := emulator.CleanEnv(os.Environ())
	os.Clearenv()
	var errs []error
	for _, kv := range append(clean, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull) {
		for i := range kv {
			if kv[i] == '=' && i > 0 {
				errs = append(errs, os.Setenv(kv[:i], kv[i+1:]))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// say tells about progress: on a terminal in one line that is written over, elsewhere a line each, on standard error.
func say(s string) {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintf(os.Stderr, "\r\033[K%s", s)
		return
	}
	fmt.Fprintln(os.Stderr, s)
}
