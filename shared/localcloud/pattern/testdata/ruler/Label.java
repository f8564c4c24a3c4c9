// Labels event patterns and events with the answers of AWS's Event Ruler.
//
// operators.jsonl: a line {"name": ..., "pattern": ..., "event": ...} gets "ruler": true (matches), false or "refused".
// A pattern that is not JSON, or whose spelling matters to a reader of JSON, stands in "text" as a string instead.
// events.jsonl: a line {"name": ..., "event": ...} gets "matches": the names of the patterns in patterns.json that match.
// Answers that stand there already are replaced. patterns.json holds the patterns of the templates "shoreup", "shoreup-home" (Home...) and "shoreup-hub" (Hub...)
// as they were when they were last labelled, account 111122223333: a test of package infra says when one of another form has come.
//
// How to: put software.amazon.event.ruler:event-ruler:2.0.1 and what it depends on into a folder LIB (Maven's
// dependency:copy-dependencies does), and run, in the folder above this one,
//   java -cp 'LIB/*' ruler/Label.java
import com.fasterxml.jackson.core.*;
import java.nio.file.*;
import java.util.*;
import software.amazon.event.ruler.*;

public class Label {
  static final JsonFactory JSON = new JsonFactory();

  public static void main(String[] args) throws Exception {
    Map<String, String> patterns = members(Files.readString(Path.of("patterns.json")));
    List<String> out = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("operators.jsonl"))) {
      Map<String, String> in = members(line);
      String text = in.containsKey("text") ? string(in.get("text")) : in.get("pattern");
      in.put("ruler", answer(text, in.get("event")));
      out.add(write(in));
    }
    Files.write(Path.of("operators.jsonl"), out);
    out.clear();
    for (String line : Files.readAllLines(Path.of("events.jsonl"))) {
      Map<String, String> in = members(line);
      List<String> matches = new ArrayList<>();
      for (Map.Entry<String, String> p : patterns.entrySet()) {
        String a = answer(p.getValue(), in.get("event"));
        if (a.contains("refused")) throw new Exception(p.getKey() + " is refused");
        if (a.equals("true")) matches.add('"' + p.getKey() + '"');
      }
      in.put("matches", matches.toString());
      out.add(write(in));
    }
    Files.write(Path.of("events.jsonl"), out);
  }

  // The two ways in which the library matches must agree; it has had both since 2.0.
  static String answer(String pattern, String event) throws Exception {
    String indexed = answer(pattern, event, true), stepwise = answer(pattern, event, false);
    if (!indexed.equals(stepwise)) throw new Exception("answers differ: " + pattern + " " + event);
    return indexed;
  }

  static String answer(String pattern, String event, boolean structured) throws Exception {
    Machine m = Machine.builder().withStructuredMatching(structured).build();
    try {
      m.addRule("r", pattern);
    } catch (Exception e) {
      return "\"refused\"";
    }
    return String.valueOf(!m.rulesForJSONEvent(event).isEmpty());
  }

  // members returns an object's members with their values as they are spelled.
  static Map<String, String> members(String json) throws Exception {
    Map<String, String> all = new LinkedHashMap<>();
    JsonParser p = JSON.createParser(json);
    p.nextToken();
    while (p.nextToken() == JsonToken.FIELD_NAME) {
      String name = p.currentName();
      p.nextToken();
      int from = (int) p.currentTokenLocation().getCharOffset();
      p.skipChildren();
      p.finishToken();
      all.put(name, json.substring(from, (int) p.currentLocation().getCharOffset()).strip());
    }
    return all;
  }

  static String string(String json) throws Exception {
    JsonParser p = JSON.createParser(json);
    p.nextToken();
    return p.getText();
  }

  static String write(Map<String, String> members) {
    StringJoiner all = new StringJoiner(",", "{", "}");
    members.forEach((k, v) -> all.add('"' + k + "\":" + v));
    return all.toString();
  }
}
