using MongoDB.Driver;
using MongoDB.Driver.Core.Events;

namespace Pipeline.Events.Mongo.Tests;

/// <summary>Ends the life of a worker at its n-th command that writes: before it is sent, or after the server did it.</summary>
internal sealed class DyingProcess(int command, bool before) : IDisposable
{
    private static readonly HashSet<string> _writes = ["insert", "update", "aggregate"];

    private readonly CancellationTokenSource _life = new();
    private int _commands;

    /// <summary>What the worker lives by.</summary>
    public CancellationToken Token => _life.Token;

    public bool Dead => _life.IsCancellationRequested;

    public void Watch(MongoClientSettings settings) => settings.ClusterConfigurator = cluster =>
    {
        cluster.Subscribe<CommandStartedEvent>(e => Pass(e.CommandName, before, 1));
        cluster.Subscribe<CommandSucceededEvent>(e => Pass(e.CommandName, !before, 0));
    };

    public void Dispose() => _life.Dispose();

    private void Pass(string name, bool watched, int started)
    {
        if (!watched || !_writes.Contains(name) || Interlocked.Increment(ref _commands) != command)
            return;
        _life.Cancel();
        if (started == 1)
            throw new OperationCanceledException(_life.Token);
    }
}
