namespace Pipeline.Purchases.Tests.Support;

/// <summary>Kills a process at one of its steps: from there on nothing that it does to the world succeeds.</summary>
internal sealed class Faults
{
    private readonly Lock _gate = new();
    private int _left = int.MaxValue;

    /// <summary>True once the process is dead.</summary>
    public bool Dead { get; private set; }

    /// <summary>How many steps were made.</summary>
    public int Steps { get; private set; }

    /// <summary>Lets so many steps succeed.</summary>
    public void KillAfter(int steps)
    {
        lock (_gate)
        {
            _left = steps;
            Dead = false;
        }
    }

    /// <summary>The process lives on.</summary>
    public void Never() => KillAfter(int.MaxValue);

    /// <summary>A step towards the world, or a moment right after one.</summary>
    public void Step(string what)
    {
        lock (_gate)
        {
            Steps++;
            if (Dead || _left == 0)
            {
                Dead = true;
                throw new TransientException($"Killed at: {what}.");
            }

            _left--;
        }
    }
}
