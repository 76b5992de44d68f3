// Who is signed in, by the provider's own word:  go build whoami.go && ./whoami https://PROVIDER/userinfo
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	stopUnless := func(ok bool, code int, why string) { // 1 failed, 3 no Loopgate runs, 4 nobody is signed in, 5 refused
		if !ok {
			fmt.Fprintln(os.Stderr, why)
			os.Exit(code)
		}
	}
	says := struct{ Address, Name, Error_description string }{Address: "http://localhost:1000"}
	home := os.Getenv("LOOPGATE_HOME")
	if folder, _ := os.UserConfigDir(); home == "" {
		home = folder + "/loopgate"
	}
	file, _ := os.ReadFile(home + "/endpoint.json")
	json.Unmarshal(file, &says)
	answer, err := http.Get(says.Address + "/user/access_token") // No time limit: the person may be deciding about it.
	stopUnless(err == nil, 3, "Loopgate does not run at "+says.Address+". Start it, then try again.")
	token, _ := io.ReadAll(answer.Body)
	json.Unmarshal(token, &says)
	stopUnless(answer.StatusCode != 401, 4, says.Error_description)
	stopUnless(answer.StatusCode != 403, 5, says.Error_description)
	stopUnless(answer.StatusCode == 200, 1, says.Error_description)
	request, _ := http.NewRequest("GET", os.Args[1], nil)
	request.Header.Set("Authorization", "Bearer "+string(token))
	answer, err = http.DefaultClient.Do(request)
	stopUnless(err == nil && answer.StatusCode == 200, 1, "The provider did not say who this is. Check the address.")
	json.NewDecoder(answer.Body).Decode(&says)
	fmt.Printf("Signed in as %s.\n", says.Name)
}
