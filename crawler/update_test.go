package crawler

import "flag"

var update = flag.Bool("update", false, "write what the tests want anew")
