package occurrence

// Yours reports whether the occurrence is as a claim returned it, so that its holder may release or close it.
func (o Occurrence) Yours() bool { return o.State == Applying && o.claim != "" }
