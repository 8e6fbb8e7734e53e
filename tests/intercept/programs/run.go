// A run with net/http; the host is written into the program.
package main

import (
	"net/http"
	"os"
	"strings"
)

func main() {
	url := "https://api.cloudflare.com/client/v4/accounts/" + os.Getenv("CLOUDFLARE_ACCOUNT_ID") + "/ai/run"
	body := `{"model":"runwayml/aleph-2","input":{"prompt":"Make it snow","video_uri":"https://example.com/v.mp4","duration":5}}`
	request, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("CLOUDFLARE_API_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	if response.StatusCode != 200 {
		panic(response.Status)
	}
}
