package handler

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/shoreup/shoreup/shared/audit/seal"
)

// Seal verifies and seals what is new in the audit log.
type Seal struct {
	Run   func(context.Context) (seal.Result, error) // of a seal.Sealer
	Count func(metric string, n int)
}

// Handle does one run. A chain that is not as it was written is told in the log and counted, and is no error: doing it again would find the same. What could
// not be read or written is one, so that Lambda tries again.
func (h *Seal) Handle(ctx context.Context, _ json.RawMessage) (any, error) {
	out, err := h.Run(ctx)
	for _, t := range out.Tampered {
		slog.ErrorContext(ctx, "the audit log is not as it was written; what does not verify is not sealed until it does", "chain", t.Chain, "seq", t.Seq, "problem", t.Problem,
			"do", "look up in CloudTrail's data events who wrote to the audit table; what was sealed is still true: compare it by `shoreup audit verify --bucket`, and restore the table from its backups")
	}
	if err != nil {
		slog.ErrorContext(ctx, "the audit log could not be sealed as a whole; it is tried again", "error", err.Error())
	}
	slog.InfoContext(ctx, "sealed", "chains", out.Chains, "segments", out.Segments, "entries", out.Entries, "left", out.Left, "tampered", len(out.Tampered))
	h.Count("AuditFailures", len(out.Tampered)) // also when there are none: no data is no good news
	return out, err
}
