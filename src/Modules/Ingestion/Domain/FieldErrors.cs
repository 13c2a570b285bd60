namespace Pipeline.Ingestion.Domain;

/// <summary>What is wrong with a request, by the path of the field, for example <c>[17].Products[2].ItemCount</c>. Bounded: a hostile body does not make a huge answer.</summary>
internal sealed class FieldErrors
{
    /// <summary>How many fields are named at the most.</summary>
    public const int Limit = 100;

    /// <summary>The path of the body as a whole.</summary>
    public const string Body = "$";

    private readonly Dictionary<string, string> _messages = [];

    /// <summary>The first message of each field, in the order found.</summary>
    public IReadOnlyDictionary<string, string> Messages => _messages;

    /// <summary>True where more fields are wrong than are named.</summary>
    public bool Truncated { get; private set; }

    /// <summary>True where nothing is wrong.</summary>
    public bool IsEmpty => _messages.Count == 0;

    /// <summary>Notes what is wrong with a field; the first message of a field stands.</summary>
    public void Add(string path, string message)
    {
        if (_messages.Count < Limit)
            _messages.TryAdd(path, message);
        else if (!_messages.ContainsKey(path))
            Truncated = true;
    }
}
