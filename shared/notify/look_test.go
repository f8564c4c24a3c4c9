package notify
import ("testing";"fmt";"encoding/json"; "github.com/shoreup/shoreup/shared/localcloud/slacksink";"github.com/shoreup/shoreup/shared/core")
func TestLook(t *testing.T){
 for _, fs := range [][]core.Finding{{fixed()},{waiting()},{advised()},{blind()},{fixed(),waiting(),advised(),blind()}} {
  for _, m := range Build(fs, Options{AccountName: func(string) string {return "prod"}}) {
   raw,_ := json.MarshalIndent(m.Blocks,"","  ")
   _ = raw
   c,_ := json.Marshal(m.Blocks)
   fmt.Println(slacksink.Render(slacksink.Message{Text:m.Text, Blocks: c}))
   fmt.Println("TEXT", m.Text)
  }
 }
}
