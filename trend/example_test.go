package trend_test

import (
	"fmt"

	"github.com/puskaradio/puskaradio/trend"
)

func ExampleNetSentiment() {
	fmt.Println(trend.NetSentiment(10, 60, 30)) // negative, neutral, positive
	// Output: 20
}

func ExampleShareOfVoice() {
	for _, v := range trend.ShareOfVoice(map[string]int{"acme": 30, "rival": 50, "other": 20}) {
		fmt.Printf("%s %.0f %%\n", v.Brand, 100*v.Share)
	}
	// Output:
	// rival 50 %
	// acme 30 %
	// other 20 %
}
