// Runs SQL in ClickHouse, in this process: one statement a line as a JSON string on the input, one answer a line on the output,
// {"rows": "..."} in the format that the statement names, or {"error": "..."}.
const { query } = require('chdb');
const lines = require('readline').createInterface({ input: process.stdin });

lines.on('line', line => {
  let answer;
  try {
    answer = { rows: query(JSON.parse(line), 'TabSeparated') };
  } catch (e) {
    answer = { error: String(e.message ?? e) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
