package annotate

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Counter counts in CloudWatch's embedded metric format, a line for each count: no API call, and no dimensions. Source: CloudWatch user guide, "Embedded metric
// format specification".
func Counter(w io.Writer, now func() time.Time) func(metric string, n int) {
	return func(metric string, n int) {
		if n == 0 {
			return
		}
		line, err := json.Marshal(map[string]any{
			"_aws": map[string]any{"Timestamp": now().UnixMilli(), "CloudWatchMetrics": []any{map[string]any{
				"Namespace": "shoreup", "Dimensions": [][]string{{}}, "Metrics": []any{map[string]string{"Name": metric, "Unit": "Count"}},
			}}},
			metric: n,
		})
		if err == nil {
			fmt.Fprintln(w, string(line))
		}
	}
}
