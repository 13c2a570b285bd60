using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>What is known of how it goes: the sampler fills it, the live figures and <c>/metrics</c> read it.</summary>
internal sealed class LiveState(TimeProvider time)
{
    private static readonly TimeSpan _interest = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private TaskCompletionSource _asked = New();
    private long _askedAt;
    private bool _everAsked;

    /// <summary>Guards all below.</summary>
    public Lock Lock => _lock;

    /// <summary>The log.</summary>
    public LogPulse Log { get; } = new();

    /// <summary>The requests to this process.</summary>
    public RequestPulse Requests { get; } = new();

    /// <summary>Refused requests, by reason.</summary>
    public CountPulse Rejected { get; } = new();

    /// <summary>The lake; null before it was looked at.</summary>
    public LakeReading? Lake { get; set; }

    /// <summary>When the log was looked at last; null before.</summary>
    public DateTimeOffset? LogAt { get; set; }

    /// <summary>Why the log could not be looked at the last time; null where it could.</summary>
    public string? LogTrouble { get; set; }

    /// <summary>Why the lake could not be looked at the last time; null where it could.</summary>
    public string? LakeTrouble { get; set; }

    /// <summary>Whether somebody asked within the last minute.</summary>
    public bool IsWatched => Volatile.Read(ref _everAsked) && time.GetElapsedTime(Volatile.Read(ref _askedAt)) < _interest;

    /// <summary>Notes that somebody asks; the sampler looks at once when nobody did before.</summary>
    public void Ask()
    {
        var watched = IsWatched;
        Volatile.Write(ref _askedAt, time.GetTimestamp());
        Volatile.Write(ref _everAsked, true);
        lock (_lock)
        {
            if (!watched)
                _asked.TrySetResult();
        }
    }

    /// <summary>Waits until somebody asks after a pause, or for so long.</summary>
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        Task asked;
        lock (_lock)
            asked = _asked.Task;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(asked, Task.Delay(longest, time, ended.Token));
        await ended.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (_asked.Task.IsCompleted)
                _asked = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
