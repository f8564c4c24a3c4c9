// Command shoreup is the command line: the engine of the functions, for people.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, as terraform's -detailed-exitcode has them.
const (
	exitError   = 1
	exitChanges = 2
)

// exitCode ends the program with a code and no further message.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(code(root().ExecuteContext(ctx)))
}

func code(err error) int {
	var exit exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	}
	fmt.Fprintln(os.Stderr, "shoreup: "+err.Error())
	return exitError
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shoreup",
		Short: "Finds what is wrong on the customer's side of AWS accounts and plans, applies, proves and undoes the smallest fix",
		Long: `shoreup finds public buckets, unencrypted storage, over-broad IAM and open security groups, plans the smallest
fix, has it approved where the rules file says so, applies it, reads back that it took, and records everything.

Planning needs only read credentials and changes nothing. The standard AWS variables, profiles and AWS_ENDPOINT_URL hold.
Exit codes: 0 nothing to do, 2 something is wrong or would change, 1 an error.`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return noEmptyFilters(cmd) },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	cmd.AddCommand(controlsCommand(), explainCommand(), planCommand(), applyCommand(), undoCommand(), auditCommand(), rulesCommand(), tablesCommand(), demoCommand(),
		permissionsCommand(), doctorCommand(), stopCommand(), resumeCommand())
	cmd.AddCommand(reportCommand(), reviewCommand(), pendingCommand(), approveCommand(), rejectCommand(), exemptCommand(), askCommand(), exceptionsCommand())
	return cmd
}
