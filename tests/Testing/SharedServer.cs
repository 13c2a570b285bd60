namespace Pipeline.Testing;

/// <summary>A server that all fixtures of a test process share: started for the first of them, ended with the last.</summary>
/// <param name="start">Starts it.</param>
internal sealed class SharedServer<T>(Func<Task<T>> start)
    where T : class, IAsyncDisposable
{
    private static readonly SemaphoreSlim _gate = new(1, 1);

    private T? _server;
    private int _users;

    /// <summary>The server, for one user more.</summary>
    public async Task<T> AcquireAsync()
    {
        await _gate.WaitAsync();
        try
        {
            _server ??= await start();
            _users++;
            return _server;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A user less.</summary>
    public async Task ReleaseAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (--_users > 0 || _server is not { } last)
                return;
            _server = null;
            await last.DisposeAsync();
        }
        finally
        {
            _gate.Release();
        }
    }
}
