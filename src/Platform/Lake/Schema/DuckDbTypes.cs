using System.Globalization;

namespace Pipeline.Lake;

/// <summary>Reads the type names that DuckDB's DESCRIBE gives and finds the Delta type that holds such values.</summary>
internal static class DuckDbTypes
{
    public static DeltaType Parse(string sqlType, string column)
    {
        var parser = new Parser(sqlType, column);
        var type = parser.Type();
        return parser.AtEnd ? type : throw parser.Unsupported();
    }

    private ref struct Parser(string text, string column)
    {
        private readonly string _text = text;
        private readonly string _column = column;
        private int _at;

        public readonly bool AtEnd => _at == _text.Length;

        public readonly TerminalException Unsupported()
        {
            var hint = _text.StartsWith("TIMESTAMP", StringComparison.Ordinal)
                ? " Cast it to TIMESTAMPTZ: a Delta timestamp is a moment."
                : " Cast it to another type.";
            return new TerminalException($"Column '{_column}' is {_text} in DuckDB, for which Delta tables of this version have no type.{hint}");
        }

        public DeltaType Type()
        {
            var type = Single();
            while (Take("["))
            {
                while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
                    _at++;
                Expect("]");
                type = new DeltaArray(type, ContainsNull: true);
            }

            return type;
        }

        private DeltaType Single()
        {
            if (Take("STRUCT("))
                return Struct();
            if (Take("MAP("))
            {
                var key = Type();
                Expect(", ");
                var value = Type();
                Expect(")");
                return new DeltaMap(key, value, ValueContainsNull: true);
            }

            if (Take("DECIMAL("))
            {
                var precision = Number();
                Expect(",");
                var scale = Number();
                Expect(")");
                return DeltaType.Decimal(precision, scale);
            }

            if (Take("ENUM("))
            {
                do
                    Quoted('\'');
                while (Take(", "));
                Expect(")");
                return DeltaType.String;
            }

            return Named();
        }

        private DeltaPrimitive Named()
        {
            var start = _at;
            while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '_' or ' '))
                _at++;
            return _text[start.._at] switch
            {
                "VARCHAR" or "JSON" => DeltaType.String,
                "BIGINT" or "UINTEGER" => DeltaType.Long,
                "INTEGER" or "USMALLINT" => DeltaType.Integer,
                "SMALLINT" or "UTINYINT" => DeltaType.Short,
                "TINYINT" => DeltaType.Byte,
                "FLOAT" => DeltaType.Float,
                "DOUBLE" => DeltaType.Double,
                "BOOLEAN" => DeltaType.Boolean,
                "BLOB" => DeltaType.Binary,
                "DATE" => DeltaType.Date,
                "TIMESTAMP WITH TIME ZONE" => DeltaType.Timestamp,
                _ => throw Unsupported(),
            };
        }

        private DeltaStruct Struct()
        {
            var fields = new List<DeltaField>();
            do
            {
                var name = _at < _text.Length && _text[_at] == '"' ? Quoted('"') : Word();
                Expect(" ");
                fields.Add(new DeltaField(name, Type()));
            }
            while (Take(", "));
            Expect(")");
            return new DeltaStruct(fields);
        }

        private string Word()
        {
            var start = _at;
            while (_at < _text.Length && _text[_at] != ' ')
                _at++;
            return _text[start.._at];
        }

        private string Quoted(char quote)
        {
            Expect(quote.ToString());
            var start = _at;
            while (_at < _text.Length)
            {
                if (_text[_at] != quote)
                {
                    _at++;
                }
                else if (_at + 1 < _text.Length && _text[_at + 1] == quote)
                {
                    _at += 2;
                }
                else
                {
                    _at++;
                    return _text[start..(_at - 1)].Replace($"{quote}{quote}", quote.ToString(), StringComparison.Ordinal);
                }
            }

            throw Unsupported();
        }

        private int Number()
        {
            var start = _at;
            while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
                _at++;
            return int.TryParse(_text.AsSpan(start.._at), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Unsupported();
        }

        private bool Take(string token)
        {
            if (string.CompareOrdinal(_text, _at, token, 0, token.Length) != 0)
                return false;
            _at += token.Length;
            return true;
        }

        private void Expect(string token)
        {
            if (!Take(token))
                throw Unsupported();
        }
    }
}
