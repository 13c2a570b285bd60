namespace Pipeline.Workflows.Application.Engine;

/// <summary>The log of a try: keeps lines, without secrets, until they are taken away to the store.</summary>
internal sealed class TryLog(TimeProvider time) : ITaskLog
{
    /// <summary>Lines of a try; what comes after is only counted.</summary>
    public const int MaxLines = 5_000;

    private readonly Lock _lock = new();
    private List<LogLine> _lines = [];
    private Redactor _redactor = Redactor.None;
    private int _count;
    private int _left;
    private long _rows;
    private long _bytes;
    private bool _changed;

    /// <summary>From now on, these secrets are blackened.</summary>
    public void Use(Redactor redactor)
    {
        lock (_lock)
            _redactor = redactor;
    }

    /// <inheritdoc />
    public void Info(string message) => Add(false, message);

    /// <inheritdoc />
    public void Warning(string message) => Add(true, message);

    /// <inheritdoc />
    public void Progress(long rows, long bytes)
    {
        lock (_lock)
        {
            _changed |= rows != _rows || bytes != _bytes;
            (_rows, _bytes) = (rows, bytes);
        }
    }

    /// <summary>Takes what is new; false where nothing is.</summary>
    public bool TryTake(out IReadOnlyList<LogLine> lines, out long rows, out long bytes)
    {
        lock (_lock)
        {
            lines = _lines;
            (rows, bytes) = (_rows, _bytes);
            if (!_changed)
                return false;
            _changed = false;
            _lines = [];
            return true;
        }
    }

    /// <summary>Puts back what could not be stored.</summary>
    public void PutBack(IReadOnlyList<LogLine> lines)
    {
        lock (_lock)
        {
            _lines = [.. lines, .. _lines];
            _changed = true;
        }
    }

    /// <summary>Takes what is left, at the end of the try.</summary>
    public IReadOnlyList<LogLine> TakeLast()
    {
        lock (_lock)
        {
            if (_left > 0)
                _lines.Add(new LogLine(time.GetUtcNow(), true, $"{_left} more lines were left out."));
            _left = 0;
            var lines = _lines;
            _lines = [];
            _changed = false;
            return lines;
        }
    }

    private void Add(bool warning, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_lock)
        {
            if (_count == MaxLines)
            {
                _left++;
                return;
            }

            _count++;
            _changed = true;

            // Blackened before it is cut, so that no half of a secret stays.
            _lines.Add(new LogLine(time.GetUtcNow(), warning, StoreText.Of(_redactor.Redact(message))));
        }
    }
}
