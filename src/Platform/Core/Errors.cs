namespace Pipeline;

/// <summary>
/// An operation failed for a reason that may pass: a store that is away, a conflict, too much waiting. The same call may succeed later.
/// The message names the operation and its subject; the type is what a retry looks at.
/// </summary>
public class TransientException : Exception
{
    /// <summary>Creates the error.</summary>
    public TransientException(string message, Exception? innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the error without a cause.</summary>
    public TransientException(string message) : base(message)
    {
    }

    /// <summary>Creates the error without a message.</summary>
    public TransientException()
    {
    }

    /// <summary>
    /// Whether the operation was sent and may yet take effect: whoever looks for its effect now may look too early. A broker that stands still works off later what its
    /// clients have given up.
    /// </summary>
    public bool MayYetHappen { get; init; }
}

/// <summary>
/// An operation failed and will fail again: wrong input, a broken file, something that is not there. The message names the operation and its subject.
/// </summary>
public class TerminalException : Exception
{
    /// <summary>Creates the error.</summary>
    public TerminalException(string message, Exception? innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the error without a cause.</summary>
    public TerminalException(string message) : base(message)
    {
    }

    /// <summary>Creates the error without a message.</summary>
    public TerminalException()
    {
    }
}
