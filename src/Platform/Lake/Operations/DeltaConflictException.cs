namespace Pipeline.Lake;

/// <summary>Another writer changed what an operation was based on, so it was not committed. Done again on the newest version it may succeed.</summary>
public sealed class DeltaConflictException : TransientException
{
    /// <summary>Creates the error.</summary>
    public DeltaConflictException(string message, Exception? innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the error without a cause.</summary>
    public DeltaConflictException(string message) : base(message)
    {
    }

    /// <summary>Creates the error without a message.</summary>
    public DeltaConflictException()
    {
    }
}
