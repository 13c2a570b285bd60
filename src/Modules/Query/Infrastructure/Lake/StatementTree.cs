using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.DuckDb;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>A relation as a statement names it; parts that it leaves out are empty.</summary>
internal readonly record struct TableName(string Catalog, string Schema, string Name)
{
    /// <summary>Its path in the lake.</summary>
    public string Path => string.Join('/', Parts);

    /// <summary>The parts that there are.</summary>
    public IEnumerable<string> Parts => ((string[])[Catalog, Schema, Name]).Where(p => p.Length > 0);
}

/// <summary>
/// What a statement reads and calls, from DuckDB's own parse tree: it alone knows for certain what is a table, a function, a name of WITH.
/// </summary>
internal sealed class StatementTree
{
    private const int MaxDepth = 100_000;

    private readonly HashSet<TableName> _tables = [];
    private readonly HashSet<string> _functions = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _tableFunctions = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _withNames = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The relations that it names.</summary>
    public IReadOnlyCollection<TableName> Tables => _tables;

    /// <summary>The functions that it calls for a value.</summary>
    public IReadOnlySet<string> Functions => _functions;

    /// <summary>The functions that it reads as tables.</summary>
    public IReadOnlySet<string> TableFunctions => _tableFunctions;

    /// <summary>The names that WITH gives, wherever.</summary>
    public IReadOnlySet<string> WithNames => _withNames;

    /// <summary>Whether it asks for a list of what there is, as SHOW TABLES does.</summary>
    public bool Lists { get; private set; }

    /// <summary>How many statements there are, all of them SELECT in some form.</summary>
    public int Statements { get; private set; }

    /// <summary>What DuckDB says where it is no SELECT; null where it is one.</summary>
    public (string Message, bool IsSyntax, int? Position)? Error { get; private set; }

    /// <summary>Parses; runs nothing of the statement.</summary>
    public static StatementTree Parse(DuckConnection connection, string sql, CancellationToken cancellationToken)
    {
        var json = connection.QueryString(
            $"SELECT json_serialize_sql({Sql.Literal(sql)}, skip_null := true, skip_empty := true)::VARCHAR", cancellationToken) ?? "{}";
        var tree = new StatementTree();
        tree.Read(Encoding.UTF8.GetBytes(json));
        return tree;
    }

    private void Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        var nodes = new Stack<Node>();
        var property = "";
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    property = reader.GetString()!;
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    // What an array holds belongs to the property that the array is the value of.
                    nodes.Push(new Node(nodes.Count > 0 && nodes.Peek().IsArray ? nodes.Peek().Property : property, reader.TokenType == JsonTokenType.StartArray));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    var node = nodes.Pop();
                    End(node, nodes);
                    break;
                case JsonTokenType.String:
                    nodes.Peek().Set(property, reader.GetString()!);
                    break;
                case JsonTokenType.True:
                    nodes.Peek().Set(property, "true");
                    break;
            }
        }
    }

    private void End(Node node, Stack<Node> outer)
    {
        if (node.IsArray)
            return;
        var isStatement = outer.Count == 2 && node.Property == "statements";
        if (isStatement)
            Statements++;
        if (outer.Count == 0 && node["error"] == "true")
            SetError(node);
        if (node["function_name"] is { } function)
        {
            if (node.Property == "function" && outer.Count > 0)
                outer.Peek().Set("called", function);
            else
                _functions.Add(function);
        }

        if (node.Property == "query" && outer.Count > 0)
            outer.Peek().Set("query", "there");
        if (node.Property == "map" && node["key"] is { } name)
            _withNames.Add(name);
        switch (node["type"])
        {
            case "BASE_TABLE":
                _tables.Add(new TableName(node["catalog_name"] ?? "", node["schema_name"] ?? "", node["table_name"] ?? ""));
                break;
            case "TABLE_FUNCTION":
                _tableFunctions.Add(node["called"] ?? "");
                break;
            case "SHOW_REF" when node["query"] is null:
                Lists = true;
                break;
        }
    }

    private void SetError(Node node)
    {
        int? position = int.TryParse(node["position"], NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : null;
        Error = (node["error_message"] ?? "It cannot be parsed.", node["error_type"] is "parser" or "syntax", position);
    }

    private sealed class Node(string property, bool isArray)
    {
        private readonly Dictionary<string, string> _values = [];

        public string Property => property;

        public bool IsArray => isArray;

        public string? this[string name] => _values.GetValueOrDefault(name);

        public void Set(string name, string value) => _values[name] = value;
    }
}
